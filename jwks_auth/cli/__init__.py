"""Reports for command lines: keys, metadata, a token's fault, routes and their guards, what to set.

Each function returns a :class:`Report`; ``jwks-auth``, ``manage.py jwks`` and ``flask jwks`` print it and exit with its
status. Nothing here reads arguments or prints.
"""

from jwks_auth.cli.checklist import Item, checklist, listed
from jwks_auth.cli.doctor import doctor
from jwks_auth.cli.issuers import check, refresh, show
from jwks_auth.cli.paste import pasted
from jwks_auth.cli.report import Report, Service, Trusting, together
from jwks_auth.cli.routes import RouteRow, routes
from jwks_auth.cli.tokens import verify

__all__ = [
    "Item",
    "Report",
    "RouteRow",
    "Service",
    "Trusting",
    "check",
    "checklist",
    "doctor",
    "listed",
    "pasted",
    "refresh",
    "routes",
    "show",
    "together",
    "verify",
]
