"""``manage.py jwks``: the subcommands of ``jwks-auth``, with the project's own settings, and ``link``."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, Namespace
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jwks_auth import ConfigurationError, cli
from jwks_auth.command import (
    SUBCOMMANDS,
    Call,
    Terminal,
    UsageError,
    add_subcommands,
    quoting_nothing,
    report_of,
)
from jwks_auth_django.command import ProjectPlace
from jwks_auth_django.conf import project

__all__ = ["Command"]

_PLACE = ProjectPlace()


class Command(BaseCommand):
    """Exits with 1 if something is wrong: keys that can't be fetched, a refused token, an unguarded route."""

    help = "Look at the keys of JWT issuers, explain a token, list routes and what guards them."

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        """Return the parser, whose messages quote no argument, which could be a token."""
        return quoting_nothing(super().create_parser(prog_name, subcommand, **options))

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the subcommands, each of which takes Django's own options too."""
        known = {name: each for name, each in SUBCOMMANDS.items() if each.everywhere}
        commands = add_subcommands(parser, known, _PLACE, parents=[_common()])
        link = commands.add_parser(
            "link", parents=[_common()], help="link existing accounts to the subjects of an issuer"
        )
        link.add_argument("--json", action="store_true", default=SUPPRESS, help="print one JSON object")
        link.add_argument("--issuer", required=True, help="as in ISSUER")
        link.add_argument("--field", required=True, help="the user model's field that holds the subject")
        link.add_argument("--dry-run", action="store_true", help="only say what would be linked")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report."""
        colour = True if options["force_color"] else False if options["no_color"] else None
        terminal = Terminal(None, self.stdout, self.stderr, colour=colour)
        try:
            report = _report(options, terminal)
        except (UsageError, ConfigurationError, ImproperlyConfigured) as error:
            if options.get("json"):
                terminal.show((cli.Report((), ok=False, facts={"error": str(error)}).as_json(),))
            raise CommandError(cli.Report((str(error),)).lines[0], returncode=2) from error
        terminal.show((report.as_json(),) if options.get("json") else report.lines)
        if not report.ok:
            raise CommandError("not everything is well, see above")


def _report(options: dict[str, Any], terminal: Terminal) -> cli.Report:
    if options["command"] == "link":
        return _linked(options)
    return report_of(Call(Namespace(**options), _PLACE, terminal), SUBCOMMANDS[options["command"]])


def _common() -> ArgumentParser:
    """Django's own options, so that they may stand after the subcommand.

    They have no default here, which would undo one before the subcommand.
    """
    common = ArgumentParser(add_help=False, argument_default=SUPPRESS)
    common.add_argument("-v", "--verbosity", type=int, choices=[0, 1, 2, 3], help=SUPPRESS)
    for name in ("--settings", "--pythonpath"):
        common.add_argument(name, help=SUPPRESS)
    for name in ("--traceback", "--no-color", "--force-color", "--skip-checks"):
        common.add_argument(name, action="store_true", help=SUPPRESS)
    return common


def _linked(options: dict[str, Any]) -> cli.Report:
    from jwks_auth_django.users.linking import link_accounts

    issuer = options["issuer"]
    trusted = [config.authenticator.settings.issuers_of_tokens for config in project().all]
    issuers = dict.fromkeys(name for each in trusted for name in each or ())
    if None not in trusted and issuer not in issuers:
        known = ", ".join(map(repr, issuers))
        raise UsageError(f"--issuer: {issuer!r} is no issuer of JWKS_AUTH, expected of {known}")
    return link_accounts(issuer, options["field"], dry_run=options["dry_run"])
