"""``jwks-auth serve`` and ``jwks-auth token``."""

from __future__ import annotations

import json
from argparse import ArgumentParser

from jwks_auth.cli import Report
from jwks_auth.command import Call, UsageError
from jwks_auth.devissuer import ask
from jwks_auth.devissuer import serve as serving
from jwks_auth.errors import ConfigurationError
from jwks_auth.runtime import dataclass

__all__ = ["TokenReport", "serve", "serve_options", "token", "token_options"]


@dataclass(frozen=True, slots=True)
class TokenReport(Report):
    """A token on a line of its own, or the headers of a request that proves to hold its key."""

    token: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> str:
        """Return the token and the headers for programs."""
        return json.dumps({"ok": True, "token": self.token, "headers": dict(self.headers)}, indent=2)


def serve_options(parser: ArgumentParser) -> None:
    """Add the options of ``serve``."""
    serving.add_options(parser)


def serve(call: Call) -> Report:
    """Run the dev issuer until Ctrl-C."""

    def show(lines: list[str]) -> None:
        if call.options.json:  # standard output is for the one object at the end
            for line in lines:
                call.terminal.complain(line)
        else:
            call.terminal.show(lines)

    try:
        serving.run(call.options, show)
    except ConfigurationError as error:
        raise UsageError(str(error)) from error
    return Report(())


def token_options(parser: ArgumentParser) -> None:
    """Add the options of ``token``."""
    ask.add_options(parser)


def token(call: Call) -> Report:
    """Print a token of the dev issuer that runs; with ``--dpop`` the headers of a request, for ``curl -H @-``."""
    try:
        given = ask.wanted(call.options)
        got, headers = ask.token(given)
    except ConfigurationError as error:
        raise UsageError(str(error)) from error
    lines = tuple(f"{name}: {value}" for name, value in headers) if given.dpop else (got,)
    return TokenReport(lines, token=got, headers=headers)
