"""Back-channel logout: a router for FastAPI, a middleware for Starlette and any other ASGI application."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from jwks_auth import ConfigurationError
from jwks_auth.adapters import LONGEST_LOGOUT, Authenticator, RawToken
from jwks_auth_fastapi.marks import mark_public
from jwks_auth_fastapi.request_auth import AnySettings, authenticator_of

if TYPE_CHECKING:
    from fastapi import APIRouter

__all__ = ["LogoutMiddleware", "logout_router", "path_of"]

_METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"]


def logout_router(path: str, of: Callable[[Scope], Authenticator]) -> APIRouter:
    """Return a router that takes logout tokens at *path*, whatever the application depends on."""
    from fastapi import APIRouter  # which Starlette alone does not have

    async def logout(request: Request) -> Response:
        return await _response(of(request.scope), request)

    mark_public(logout)
    # A route of Starlette's: FastAPI adds the dependencies of an application to its own alone.
    return APIRouter(routes=[Route(path, logout, methods=_METHODS, include_in_schema=False)])


class LogoutMiddleware:
    """``Middleware(LogoutMiddleware, auth=backend)``, outermost: answers at ``LOGOUT_PATH`` before all else.

    *auth* is a backend, a ``JWTBearer``, an ``Authenticator``, or settings. Raises ``ConfigurationError`` where they
    have no ``LOGOUT_PATH``.
    """

    def __init__(self, app: ASGIApp, auth: AnySettings | Any) -> None:
        self.app = app
        self.authenticator: Authenticator = getattr(auth, "authenticator", None) or authenticator_of(auth)
        self.path = path_of(self.authenticator)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        answer: ASGIApp = self.app
        if scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) == self.path:
            answer = await _response(self.authenticator, Request(scope, receive))
        await answer(scope, receive, send)


def path_of(authenticator: Authenticator) -> str:
    """Return its ``LOGOUT_PATH``; raise ``ConfigurationError`` if there is none."""
    if authenticator.logout_path is None:
        raise ConfigurationError("LOGOUT_PATH is missing: the path at which the provider posts logout tokens")
    return authenticator.logout_path


async def _response(authenticator: Authenticator, request: Request) -> Response:
    body = bytearray()
    with suppress(ClientDisconnect):  # half a token is refused
        async for chunk in request.stream():
            body += chunk
            if len(body) > LONGEST_LOGOUT:
                break
    found = await authenticator.alog_out(
        request.method, request.headers.get("Content-Type"), RawToken(bytes(body))
    )
    return Response(found.body, found.status, dict(found.headers))
