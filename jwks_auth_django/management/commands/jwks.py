"""``manage.py jwks``: look at keys, explain a token, list routes and their guards."""

from __future__ import annotations

import sys
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from jwks_auth import ConfigurationError, cli
from jwks_auth.adapters import RawToken, Requirement
from jwks_auth_django.conf import project
from jwks_auth_django.routes import path_of, requirements_at, rows

__all__ = ["Command"]


class Command(BaseCommand):
    """Exits with 1 if something is wrong: keys that can't be fetched, a refused token, an unguarded route."""

    help = "Look at the keys of JWT issuers, explain a token, list routes and what guards them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the subcommands, each of which takes Django's own options too."""
        commands = parser.add_subparsers(dest="command", required=True)
        add = partial(commands.add_parser, parents=[_common()])
        add("check", help="fetch every issuer's keys, past any store, and say what came")
        add("show", help="get the keys as a worker does, and list them with their health")
        add("refresh", help="fetch every issuer's keys again, whatever their age")
        verify = add("verify", help="say step by step why a token is accepted or refused")
        verify.add_argument("token", nargs="?", help="without it: from standard input")
        verify.add_argument(
            "--route", help="judge it as this route does: a path, a pattern, or a view's name"
        )
        verify.add_argument("--method", default="GET", help="the route's method (default: GET)")
        verify.add_argument("--api", help="judge it by the settings of this key of APIS")
        routes = add("routes", help="every URL pattern and what guards it")
        routes.add_argument(
            "--fail-unprotected", action="store_true", help="exit with 1 if something is open"
        )
        link = add("link", help="link existing accounts to the subjects of an issuer")
        link.add_argument("--issuer", required=True, help="as in ISSUER")
        link.add_argument("--field", required=True, help="the user model's field that holds the subject")
        link.add_argument("--dry-run", action="store_true", help="only say what would be linked")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report."""
        report = self._report(options)
        for line in (report.as_json(),) if options.get("json") else report.lines:
            self.stdout.write(line)
        if not report.ok:
            raise CommandError("not everything is well, see above")

    def _report(self, options: dict[str, Any]) -> cli.Report:
        if options["command"] == "routes":
            return cli.routes(rows(), fail_unprotected=options["fail_unprotected"])
        if options["command"] == "link":
            return _linked(options)
        if options["command"] == "verify":
            # Taken out of the options, which reports of errors print.
            raw = RawToken(options.pop("token") or sys.stdin.read())
            return _verified(raw, options)
        looks: dict[str, Callable[[Any], cli.Report]] = {
            "refresh": cli.refresh,
            "show": partial(cli.show, warm_up=True),
            "check": cli.check,
        }
        return _of_all(looks[options["command"]])


def _common() -> ArgumentParser:
    """Django's own options, so that they may stand after the subcommand, and ``--json``.

    They have no default here, which would undo one before the subcommand.
    """
    common = ArgumentParser(add_help=False, argument_default=SUPPRESS)
    common.add_argument("-v", "--verbosity", type=int, choices=[0, 1, 2, 3], help=SUPPRESS)
    for name in ("--settings", "--pythonpath"):
        common.add_argument(name, help=SUPPRESS)
    for name in ("--traceback", "--no-color", "--force-color", "--skip-checks"):
        common.add_argument(name, action="store_true", help=SUPPRESS)
    common.add_argument("--json", action="store_true", help="print JSON, for programs")
    return common


def _of_all(look: Callable[[Any], cli.Report]) -> cli.Report:
    """Return the report on the issuers of each API, under its key."""
    found = project()
    if not found.apis:
        return look(found.top.authenticator)
    reports = {config.api or "all other requests": look(config.authenticator) for config in found.all}
    lines = [line for api, report in reports.items() for line in (f"{api}:", *report.lines)]
    return cli.Report(tuple(lines), all(report.ok for report in reports.values()))


def _verified(raw: RawToken, options: dict[str, Any]) -> cli.Report:
    """Judge a token by the settings of an API: of the one that is named, or of the route's."""
    try:
        asked, found = _asked(options), project()
        named = [options["api"], *(getattr(each, "api", None) for each in asked)]
        path = path_of(options["route"] or "")
        api = next((each for each in named if each is not None), found.keys.at(path))
        return cli.verify(found.named(api).authenticator, raw, asked)
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error


def _linked(options: dict[str, Any]) -> cli.Report:
    from jwks_auth_django.users.linking import link_accounts

    issuer = options["issuer"]
    trusted = [config.authenticator.settings.issuers_of_tokens for config in project().all]
    issuers = dict.fromkeys(name for each in trusted for name in each or ())
    if None not in trusted and issuer not in issuers:
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
