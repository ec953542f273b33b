"""Start-up: checks and warm-up before the first request, and a health answer for load balancers."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from fastapi.exception_handlers import http_exception_handler
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response

from jwks_auth import ConfigurationError, KeySourceError
from jwks_auth.adapters import Authenticator, fields
from jwks_auth_fastapi.audit import Auditor
from jwks_auth_fastapi.errors import handler_of
from jwks_auth_fastapi.internals import Reading
from jwks_auth_fastapi.logout import LogoutMiddleware
from jwks_auth_fastapi.places import applications
from jwks_auth_fastapi.service import Service

__all__ = ["health_response", "prepare"]

log = logging.getLogger("jwks_auth")


async def prepare(
    app: Starlette, service: Service, *, required: bool = False, reading: Reading | None = None
) -> None:
    """Read the settings, refuse routes with mistakes, then fetch the keys.

    A failure to fetch is logged, or raised (:class:`~jwks_auth.KeySourceError`) if *required*. *reading* is FastAPI's
    of its routes.
    """
    service.adopt(app, [each for _, each in applications(app)])
    authenticator = service.of({"app": app}).authenticator
    if "ERROR_BODY" in authenticator.settings.shared and handler_of(app) is http_exception_handler:
        raise ConfigurationError(
            "ERROR_BODY: FastAPI's own handler has its own body, call install_error_handlers(app)"
        )
    rows = Auditor(reading or Reading()).rows(app)
    if wrong := [f"{row.path}: {problem}" for _, row in rows for problem in row.problems]:
        raise ConfigurationError("; ".join(wrong))
    if unheard := _unheard(app, authenticator, [row.path for _, row in rows]):
        log.warning(
            "LOGOUT_PATH: nobody answers at %s: app.include_router(auth.logout_router())",
            unheard,
            extra=fields("audit"),
        )
    for note in {row.note for _, row in rows if row.note}:
        log.warning(note, extra=fields("audit"))
    await _warm_up(authenticator, required=required)


def _unheard(app: Starlette, authenticator: Authenticator, paths: Iterable[str]) -> str | None:
    """Return the path at which providers are to tell of logouts, if neither a route nor a middleware hears them."""
    path = authenticator.logout_path
    if path is None or any(each.endswith(path) for each in paths):
        return None
    around: list[object] = [each.cls for each in app.user_middleware]
    return None if LogoutMiddleware in around else path


async def _warm_up(authenticator: Authenticator, *, required: bool) -> None:
    try:
        await authenticator.awarm_up()
    except KeySourceError as error:
        if required:
            raise
        told = fields(error.code, kind=error.kind)
        log.warning("no keys at start-up, trying again on demand: %s", error, extra=told)


async def health_response(authenticator: Authenticator) -> Response:
    """Return 200 while at least one issuer has usable keys, otherwise 503."""
    if await authenticator.aready():
        return JSONResponse({"status": "ok"})
    return JSONResponse({"status": "unavailable"}, 503)
