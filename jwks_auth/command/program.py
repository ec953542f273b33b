"""``main``: read the arguments, run the subcommand, print its report, and return the exit status."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import NoReturn

from jwks_auth.challenge import escaped
from jwks_auth.command.call import Call, Place, UsageError
from jwks_auth.command.environment import Environment
from jwks_auth.command.table import SUBCOMMANDS, Subcommand
from jwks_auth.command.terminal import Terminal

__all__ = ["main", "run"]


class _Parser(ArgumentParser):
    """Raises ``UsageError`` in place of printing a mistake and leaving."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def main(
    arguments: Sequence[str] | None = None,
    *,
    name: str = "jwks-auth",
    place: Place | None = None,
    terminal: Terminal | None = None,
) -> int:
    """Run ``jwks-auth`` with *arguments*, by default those of the process.

    Returns the exit status: 0, or 1 for a finding, or 2 for a mistake in arguments or settings. A framework's own
    command gives its *name* and the *place* of its settings; it lacks the subcommands that are no part of an app.
    """
    terminal = terminal or Terminal()
    given = sys.argv[1:] if arguments is None else list(arguments)
    known = {key: each for key, each in SUBCOMMANDS.items() if each.everywhere or place is None}
    place = place or Environment()
    parser = _Parser(prog=name, description="Look at the keys of JWT issuers, at tokens, and at routes.")
    add_subcommands(parser, known, place)
    try:
        options = parser.parse_args(given)
    except UsageError as error:
        return _complain(terminal, f"{name}: {error}; see {name} --help", as_json="--json" in given)
    return run(Call(options, place, terminal), known[options.command])


def run(call: Call, subcommand: Subcommand) -> int:
    """Run a *subcommand*, print its report, and return the exit status."""
    try:
        report = subcommand.report(call)
    except UsageError as error:
        return _complain(call.terminal, str(error), as_json=call.options.json)
    call.terminal.show((report.as_json(),) if call.options.json else report.lines)
    return 0 if report.ok else 1


def _complain(terminal: Terminal, text: str, *, as_json: bool) -> int:
    if as_json:
        terminal.show((json.dumps({"ok": False, "error": text}),))
    else:
        terminal.complain(escaped(text))
    return 2


def add_subcommands(parser: ArgumentParser, known: dict[str, Subcommand], place: Place) -> None:
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, subcommand in known.items():
        added = subparsers.add_parser(name, help=subcommand.summary, description=subcommand.summary)
        added.add_argument("--json", action="store_true", help="print one JSON object")
        if subcommand.needs_service:
            place.add_options(added)
        subcommand.add_options(added)
