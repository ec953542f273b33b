"""``verify``, also ``explain``: a token from a prompt, from standard input, or from the command line."""

from __future__ import annotations

from argparse import ArgumentParser

from jwks_auth import cli
from jwks_auth.cli import Report, together
from jwks_auth.command.call import Call, UsageError
from jwks_auth.runtime import RawToken

__all__ = ["options", "verify"]

_WARNING = (
    "a token on the command line stays in the shell's history: leave it out, and paste it at the prompt"
)


def options(parser: ArgumentParser) -> None:
    """Add the token, and the route that it is for."""
    parser.add_argument(
        "token",
        nargs="?",
        type=RawToken,
        help="better left out: it is asked for, or read from standard input",
    )
    parser.add_argument("--route", help="judge it as this route does: a path, a pattern, or a view's name")
    parser.add_argument("--method", default="GET", type=str.upper, help="the route's method (default: GET)")


def verify(call: Call) -> Report:
    """Explain the answer to a token, by each service that may judge it, or each guard of a route."""
    judges = call.place.judges(call.options)
    if call.options.token is not None:
        call.terminal.complain(_WARNING)
    raw = call.options.token or call.terminal.read_token()
    if not raw.read(str.strip):
        raise UsageError("found no token: paste it at the prompt, or give it on standard input")
    with call.terminal.busy("verifying"):
        reports = {
            name: cli.verify(judge.service, raw, judge.requirements, claims=judge.claims)
            for name, judge in judges.items()
        }
    chosen = _decisive(
        list(reports.values()), is_guarded=any(judge.requirements for judge in judges.values())
    )
    lines = chosen.lines if len(reports) == 1 else together(reports).lines
    return Report(lines, chosen.ok, facts=chosen.facts)


def _decisive(reports: list[Report], *, is_guarded: bool) -> Report:
    """Return the report that decides: of several services one has to take the token, of several guards each."""
    return next((report for report in reports if report.ok is not is_guarded), reports[0])
