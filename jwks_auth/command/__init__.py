"""The command ``jwks-auth``, also ``python -m jwks_auth``, and the same subcommands for a framework's own command.

A subcommand is a row in ``table.py``; its module is imported when it is asked for. Reports are made in
``jwks_auth.cli``; this room reads arguments and settings, prints, and gives the exit status.
"""

from jwks_auth.command.call import Call, Place, UsageError
from jwks_auth.command.program import main, run
from jwks_auth.command.terminal import Terminal

__all__ = ["Call", "Place", "Terminal", "UsageError", "main", "run"]
