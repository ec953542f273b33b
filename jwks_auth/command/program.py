"""``main``: read the arguments, run the subcommand, print its report, and return the exit status."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import IO

from jwks_auth.cli import Report
from jwks_auth.command.call import Call, Place, UsageError
from jwks_auth.command.environment import Environment
from jwks_auth.command.parser import Parser, add_subcommands
from jwks_auth.command.table import SUBCOMMANDS, Subcommand
from jwks_auth.command.terminal import Terminal
from jwks_auth.errors import ConfigurationError

__all__ = ["main", "report_of", "script"]

_STOPPED, _NOBODY_READS = 130, 141
"""The exit statuses of a program that a person, or the end of a pipe, has stopped."""

_UNWRITABLE = "standard output can't be written"


def script() -> int:
    """Run the console script."""
    logging.getLogger("jwks_auth").addHandler(logging.NullHandler())  # reports tell what the log would
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if sys.stdout is None:
        Terminal().complain(f"{_UNWRITABLE}: it is closed")
        return 2
    terminal = Terminal(stdout=_kept_for_json() if "--json" in sys.argv else None)
    try:
        return main(terminal=terminal)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), terminal.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return _NOBODY_READS
        terminal.complain(f"{_UNWRITABLE}: {error.strerror}")
        return 2


def _kept_for_json() -> IO[str]:
    """Return standard output, which from now on is standard errors for all others: C code, programs, ``atexit``."""
    own = os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors)
    os.dup2(2, 1)
    return own


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
    known = {key: each for key, each in SUBCOMMANDS.items() if each.everywhere or place is None}
    place = place or Environment(tell=terminal.complain)
    parser = Parser(
        allow_abbrev=False,
        prog=name,
        description="Look at the keys of JWT issuers, at tokens, and at routes.",
    )
    add_subcommands(parser, known, place)
    as_json = "--json" in (sys.argv[1:] if arguments is None else arguments)
    try:
        options = parser.parse_args(arguments)
        with redirect_stdout(terminal.stderr):  # whatever an app prints, nothing but the report is there
            report = report_of(Call(options, place, terminal), known[options.command])
    except (UsageError, ConfigurationError) as error:
        return _complain(terminal, f"{error}", as_json=as_json)
    except KeyboardInterrupt:
        terminal.complain("")
        return _STOPPED
    terminal.show((report.as_json(),) if as_json else report.lines)
    return 0 if report.ok else 1


def report_of(call: Call, subcommand: Subcommand) -> Report:
    """Run a *subcommand* and return its report; raise ``UsageError`` or ``ConfigurationError``."""
    call.options.json = getattr(call.options, "json", False)
    return subcommand.report(call)


def _complain(terminal: Terminal, text: str, *, as_json: bool) -> int:
    if as_json:
        terminal.show((json.dumps({"ok": False, "error": text}),))
    else:
        terminal.complain(text)
    return 2
