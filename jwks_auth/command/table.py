"""The subcommands: a row for each."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from importlib import import_module
from typing import Any

from jwks_auth.cli import Report
from jwks_auth.command.call import Call
from jwks_auth.runtime import dataclass

__all__ = ["SUBCOMMANDS", "Subcommand"]


@dataclass(frozen=True, slots=True)
class Subcommand:
    """A subcommand: its *summary* for ``--help``, and two functions as ``module:function``, imported when needed.

    *options* adds its arguments to a parser; *run* takes a :class:`Call` and returns a ``Report``, whose lines are
    printed and whose ``ok`` gives the exit status. With *needs_service* it also has the options that choose a service.
    One that is *everywhere* is also a subcommand of the frameworks' own commands.
    """

    summary: str
    options: str | None
    run: str
    needs_service: bool = True
    everywhere: bool = True

    def add_options(self, parser: ArgumentParser) -> None:
        """Add its own arguments."""
        if self.options is not None:
            _named(self.options)(parser)

    def report(self, call: Call) -> Report:
        """Run it."""
        report: Report = _named(self.run)(call)
        return report


_VERIFY = ("jwks_auth.command.tokens:options", "jwks_auth.command.tokens:verify")

SUBCOMMANDS = {
    "check": Subcommand(
        "fetch every issuer's metadata and keys, past any store, and say what came",
        "jwks_auth.command.issuers:options",
        "jwks_auth.command.issuers:check",
    ),
    "show": Subcommand(
        "get the keys as a worker does, from the store if there is one, and list them with their health",
        None,
        "jwks_auth.command.issuers:show",
    ),
    "refresh": Subcommand(
        "fetch every issuer's keys again, whatever their age", None, "jwks_auth.command.issuers:refresh"
    ),
    "verify": Subcommand("say step by step why a token is accepted or refused", *_VERIFY),
    "explain": Subcommand("another name of verify", *_VERIFY),
    "routes": Subcommand(
        "list every route and what guards it",
        "jwks_auth.command.routes:options",
        "jwks_auth.command.routes:routes",
    ),
    "doctor": Subcommand(
        "read the settings of another package, and print ours",
        "jwks_auth.command.doctor:options",
        "jwks_auth.command.doctor:doctor",
    ),
    "completion": Subcommand(
        "print the completion of this command for bash or zsh",
        "jwks_auth.command.completion:options",
        "jwks_auth.command.completion:completion",
        needs_service=False,
        everywhere=False,
    ),
    "token": Subcommand(
        "print a token of the dev issuer that runs",
        "jwks_auth.devissuer.commands:token_options",
        "jwks_auth.devissuer.commands:token",
        needs_service=False,
        everywhere=False,
    ),
    "serve": Subcommand(
        "run a dev issuer: a provider on this machine, with pages, to develop against",
        "jwks_auth.devissuer.commands:serve_options",
        "jwks_auth.devissuer.commands:serve",
        needs_service=False,
        everywhere=False,
    ),
}
"""Every subcommand, in the order of ``--help``."""


def _named(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found
