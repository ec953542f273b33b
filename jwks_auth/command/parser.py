"""The parser of arguments, whose messages quote nothing that may be a token."""

from __future__ import annotations

import re
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from jwks_auth.command.call import Place, UsageError
from jwks_auth.command.table import SUBCOMMANDS, Subcommand
from jwks_auth.runtime import nearest

__all__ = ["Parser", "add_subcommands", "quoting_nothing"]

_QUOTED = re.compile(r": '(?:[^'\\]|\\.)*'")
_CHOICE = re.compile(r"argument command: invalid choice: (?:'([a-z-]{1,20})')?")
_UNKNOWN = "unrecognized arguments: "

ParserT = TypeVar("ParserT", bound=ArgumentParser)


class Parser(ArgumentParser):
    """Raises ``UsageError`` in place of printing a mistake and leaving."""

    def error(self, message: str) -> NoReturn:
        """Raise ``UsageError``."""
        raise UsageError(f"{self.prog}: {_unquoted(message)}; see {self.prog} --help")


def quoting_nothing(parser: ParserT) -> ParserT:
    """Have a framework's own *parser* quote no argument in its messages, and return it."""
    refuse = parser.error

    def error(message: str) -> NoReturn:
        refuse(_unquoted(message))

    vars(parser)["error"] = error
    return parser


def _unquoted(message: str) -> str:
    """Return a message of ``argparse`` without the arguments that it quotes, any of which could be a token."""
    if message.startswith(_UNKNOWN):
        given = message.removeprefix(_UNKNOWN).split()
        names = [
            name for each in given if re.fullmatch(r"--?[A-Za-z-]{1,30}", name := each.partition("=")[0])
        ]
        return f"there is no option {names[0]}" if names else "there are too many arguments"
    if (choice := _CHOICE.match(message)) is not None:
        return f"there is no such command, {nearest(choice[1] or '', tuple(SUBCOMMANDS))}"
    return _QUOTED.sub("", message)


def add_subcommands(
    parser: ArgumentParser,
    known: Mapping[str, Subcommand],
    place: Place,
    *,
    parents: Sequence[ArgumentParser] = (),
) -> Any:
    """Add the subcommands in *known*, for *place*; *parents* have options of all of them.

    Returns what adds further ones.
    """
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, subcommand in known.items():
        added = subparsers.add_parser(
            name,
            help=subcommand.summary,
            description=subcommand.summary,
            parents=list(parents),
            allow_abbrev=False,
        )
        added.add_argument("--json", action="store_true", default=SUPPRESS, help="print one JSON object")
        if subcommand.needs_service:
            place.add_options(added)
        subcommand.add_options(added)
    return subparsers
