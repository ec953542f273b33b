"""Start-up: checks and warm-up before the first request, and a health answer for load balancers."""

from __future__ import annotations

import logging

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response

from jwks_auth import ConfigurationError, KeySourceError
from jwks_auth.adapters import Authenticator
from jwks_auth_fastapi.audit import audit

__all__ = ["health_response", "prepare"]

log = logging.getLogger("jwks_auth")


async def prepare(app: Starlette, authenticator: Authenticator, *, required: bool = False) -> None:
    """Refuse routes with mistakes, then fetch the keys.

    A failure to fetch is logged, or raised (:class:`~jwks_auth.KeySourceError`) if *required*.
    """
    wrong = [f"{route.path}: {problem}" for route in audit(app) for problem in route.problems]
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    try:
        await authenticator.awarm_up()
    except KeySourceError as error:
        if required:
            raise
        log.warning("no keys at start-up, trying again on demand: %s", error)


def health_response(authenticator: Authenticator) -> Response:
    """Return 200 while at least one issuer has usable keys, otherwise 503."""
    states = [health and health.state for health in authenticator.health().values()]
    # One unreachable issuer of several is no reason to take the service out of rotation.
    if all(state in ("empty", "expired") for state in states):
        return JSONResponse({"status": "unavailable"}, 503)
    return JSONResponse({"status": "ok"})
