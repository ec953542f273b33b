"""``manage.py jwks``: look at keys, explain a token, list routes and their guards."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Collection
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jwks_auth import ConfigurationError, cli
from jwks_auth.adapters import RawToken, Requirement
from jwks_auth_django.conf import configuration
from jwks_auth_django.routes import requirements_at, rows

__all__ = ["Command"]


class Command(BaseCommand):
    """Exits with 1 if something is wrong: keys that can't be fetched, a refused token, an unguarded route."""

    help = "Look at the keys of JWT issuers, explain a token, list routes and what guards them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the subcommands."""
        commands = parser.add_subparsers(dest="command", required=True)
        commands.add_parser("check", help="fetch every issuer's keys, past any store, and say what came")
        commands.add_parser("show", help="get the keys as a worker does, and list them with their health")
        commands.add_parser("refresh", help="fetch every issuer's keys again, whatever their age")
        verify = commands.add_parser("verify", help="say step by step why a token is accepted or refused")
        verify.add_argument("token", nargs="?", help="without it: from standard input")
        verify.add_argument(
            "--route", help="judge it as this route does: a path, a pattern, or a view's name"
        )
        verify.add_argument("--method", default="GET", help="the route's method (default: GET)")
        routes = commands.add_parser("routes", help="every URL pattern and what guards it")
        routes.add_argument(
            "--fail-unprotected", action="store_true", help="exit with 1 if something is open"
        )

        link = commands.add_parser("link", help="link existing accounts to the subjects of an issuer")
        link.add_argument("--issuer", required=True, help="as in ISSUER")
        link.add_argument("--field", required=True, help="the user model's field that holds the subject")
        link.add_argument("--dry-run", action="store_true", help="only say what would be linked")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report."""
        report = self._report(options)
        for line in report.lines:
            self.stdout.write(line)
        if not report.ok:
            raise CommandError("not everything is well, see above")

    def _report(self, options: dict[str, Any]) -> cli.Report:
        if options["command"] == "routes":
            return cli.routes(rows(), fail_unprotected=options["fail_unprotected"])
        authenticator = configuration().authenticator
        if options["command"] == "link":
            return _linked(authenticator.settings.issuers, options)
        if options["command"] == "verify":
            # Taken out of the options, which reports of errors print.
            raw = RawToken(options.pop("token") or sys.stdin.read())
            return cli.verify(authenticator, raw, _asked(options))
        if options["command"] == "refresh":
            return cli.refresh(authenticator)
        if options["command"] == "show":
            return cli.show(authenticator, warm_up=True)
        return cli.check(authenticator)


def _linked(issuers: Collection[str] | None, options: dict[str, Any]) -> cli.Report:
    from jwks_auth_django.users.linking import link_accounts

    issuer = options["issuer"]
    if issuers is not None and issuer not in issuers:
        known = ", ".join(map(repr, issuers))
        raise CommandError(f"--issuer: {issuer!r} is no issuer of JWKS_AUTH, expected of {known}")
    try:
        return link_accounts(issuer, options["field"], dry_run=options["dry_run"])
    except ConfigurationError as error:
        raise CommandError(str(error)) from error


def _asked(options: dict[str, Any]) -> list[Requirement]:
    if options["route"] is None:
        return []
    try:
        return requirements_at(options["route"], options["method"].upper())
    except LookupError as error:
        raise CommandError(str(error)) from error
