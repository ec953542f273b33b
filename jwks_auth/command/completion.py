"""``completion``: the words of this command, for a shell to complete."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Iterator

from jwks_auth.cli import Report
from jwks_auth.command.call import Call
from jwks_auth.command.environment import Environment
from jwks_auth.command.parser import Parser, add_subcommands
from jwks_auth.command.table import SUBCOMMANDS

__all__ = ["completion", "options"]

_BASH = """_jwks_auth() {{
    local words="{commands}"
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then words="{commands}"; fi
    COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _jwks_auth jwks-auth"""
_CASE = '        {name}) words="{words}" ;;'


def options(parser: ArgumentParser) -> None:
    """Add the shell's name."""
    parser.add_argument("shell", choices=("bash", "zsh"), help="the shell that will read it")


def completion(call: Call) -> Report:
    """Print a function of bash; zsh runs it by its ``bashcompinit``."""
    words = dict(_words())
    cases = "\n".join(_CASE.format(name=name, words=each) for name, each in words.items())
    text = _BASH.format(commands=" ".join(words), cases=cases)
    before = (
        "autoload -Uz compinit bashcompinit && compinit && bashcompinit\n"
        if call.options.shell == "zsh"
        else ""
    )
    return Report(tuple(f"{before}{text}".splitlines()))


def _words() -> Iterator[tuple[str, str]]:
    parser = Parser(prog="jwks-auth")
    for name, each in add_subcommands(parser, SUBCOMMANDS, Environment({})).choices.items():
        options = re.findall(r"(?<![\w-])--[a-z-]+", each.format_help())
        yield name, " ".join(sorted(set(options)))
