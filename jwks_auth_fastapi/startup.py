"""Start-up: checks and warm-up before the first request, and a health answer for load balancers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response

from jwks_auth import ConfigurationError, KeySourceError
from jwks_auth.adapters import Authenticator
from jwks_auth_fastapi.audit import audit
from jwks_auth_fastapi.service import Service

__all__ = ["health_response", "prepare"]

log = logging.getLogger("jwks_auth")


async def prepare(app: Starlette, service: Service, *, required: bool = False) -> None:
    """Read the settings, refuse routes with mistakes, then fetch the keys.

    A failure to fetch is logged, or raised (:class:`~jwks_auth.KeySourceError`) if *required*.
    """
    service.adopt(app, applications(app))
    authenticator = service.of({"app": app}).authenticator
    wrong = [f"{route.path}: {problem}" for route in audit(app) for problem in route.problems]
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    await _warm_up(authenticator, required=required)


def applications(app: Any) -> Iterator[Starlette]:
    """Yield *app* and the applications that are mounted in it."""
    if isinstance(app, Starlette):
        yield app
    for route in getattr(app, "routes", None) or ():
        yield from applications(getattr(route, "app", None))


async def _warm_up(authenticator: Authenticator, *, required: bool) -> None:
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
