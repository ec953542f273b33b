"""``doctor``: the settings of another package, in the app, in the environment, in a module or in a file."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jwks_auth import cli
from jwks_auth.cli import Report
from jwks_auth.command.call import Call
from jwks_auth.command.imports import imported, named_in, run_file
from jwks_auth.command.variables import read_file

__all__ = ["doctor", "options"]


def options(parser: ArgumentParser) -> None:
    """Add the place to read from."""
    parser.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="a module of settings (shop.settings), an object in one (config:Live), or a file (.env, config.py); "
        "without it the app and the environment",
    )


def doctor(call: Call) -> Report:
    """Report our settings for another package's."""
    source = call.options.source
    return cli.doctor(call.place.peers(call.options) if source is None else _read(source))


def _read(source: str) -> Mapping[str, Any]:
    if source.endswith(".py"):
        return run_file(source, "doctor")
    if Path(source).is_file() or "/" in source or source.startswith(".") or source.endswith(".env"):
        return read_file(source)
    module, _, name = source.partition(":")
    found = imported(module, "doctor")
    where = named_in(found, name, "doctor") if name else found
    return {each: getattr(where, each) for each in dir(where) if each.isupper()}
