"""``check``: the issuers of a service and their keys."""

from __future__ import annotations

from jwks_auth import cli
from jwks_auth.cli import Report
from jwks_auth.command.call import Call

__all__ = ["check"]


def check(call: Call) -> Report:
    """Fetch the keys of every issuer, and report what came."""
    reports = [cli.check(service) for service in call.place.services(call.options).values()]
    return Report(tuple(line for each in reports for line in each.lines), all(each.ok for each in reports))
