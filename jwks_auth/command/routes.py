"""``routes``: the table of an app's routes and their guards."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping

from jwks_auth import cli
from jwks_auth.cli import Report, Service
from jwks_auth.command.call import Call, UsageError
from jwks_auth.errors import ConfigurationError

__all__ = ["options", "routes"]


def options(parser: ArgumentParser) -> None:
    """Add ``--fail-unprotected``."""
    parser.add_argument(
        "--fail-unprotected",
        action="store_true",
        help="exit with 1 if a route is not sure to be guarded, and not open on purpose",
    )


def routes(call: Call) -> Report:
    """List every route and what it asks of a request, and the kinds of tokens that are taken."""
    rows = call.place.rows(call.options)
    if rows is None:
        raise UsageError("routes needs an app: name it as in --app main:app")
    return cli.routes(rows, fail_unprotected=call.options.fail_unprotected, services=_services(call))


def _services(call: Call) -> Mapping[str, Service]:
    try:
        return call.place.services(call.options)
    except (UsageError, ConfigurationError):  # an app without any has routes all the same
        return {}
