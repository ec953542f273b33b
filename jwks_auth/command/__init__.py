"""The command ``jwks-auth``, also ``python -m jwks_auth``, and the same subcommands for a framework's own command.

A subcommand is a row in ``table.py``; its module is imported when it is asked for. Reports are made in
``jwks_auth.cli``; this room reads arguments and settings, prints, and gives the exit status.
"""

from jwks_auth.command.call import Call, Judge, Place, UsageError
from jwks_auth.command.parser import add_subcommands, quoting_nothing
from jwks_auth.command.program import main, report_of, script
from jwks_auth.command.table import SUBCOMMANDS, Subcommand
from jwks_auth.command.terminal import Terminal

__all__ = [
    "SUBCOMMANDS",
    "Call",
    "Judge",
    "Place",
    "Subcommand",
    "Terminal",
    "UsageError",
    "add_subcommands",
    "main",
    "quoting_nothing",
    "report_of",
    "script",
]
