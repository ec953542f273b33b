"""Protected-resource metadata: a router for FastAPI, a middleware for Starlette and any other ASGI application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from jwks_auth import ConfigurationError
from jwks_auth.adapters import Authenticator, Requirement
from jwks_auth_fastapi.marks import mark_public, requirements_on
from jwks_auth_fastapi.request_auth import AnySettings, authenticator_of

if TYPE_CHECKING:
    from fastapi import APIRouter

__all__ = ["MetadataMiddleware", "metadata_response", "metadata_router"]

_PATH = "/.well-known/oauth-protected-resource{rest:path}"
_METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"]


def metadata_router(of: Callable[[Scope], Authenticator]) -> APIRouter:
    """A router that answers for metadata, whatever the application depends on."""
    from fastapi import APIRouter  # which Starlette alone does not have

    async def metadata(request: Request) -> Response:
        return metadata_response(of(request.scope), request.scope) or Response(status_code=404)

    mark_public(metadata)
    # A route of Starlette's: FastAPI adds the dependencies of an application to its own alone.
    return APIRouter(routes=[Route(_PATH, metadata, methods=_METHODS, include_in_schema=False)])


class MetadataMiddleware:
    """``Middleware(MetadataMiddleware, auth=backend)``, outermost: answers for metadata before all else.

    *auth* is a backend, a ``JWTBearer``, an ``Authenticator``, or settings. Raises ``ConfigurationError`` where they
    have no ``RESOURCE``.
    """

    def __init__(self, app: ASGIApp, auth: AnySettings | Any) -> None:
        self.app = app
        self.authenticator: Authenticator = getattr(auth, "authenticator", None) or authenticator_of(auth)
        self.authenticator.metadata()
        self._told = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        answer: ASGIApp = self.app
        if scope["type"] == "http" and "/.well-known/" in scope["path"]:
            if not self._told:
                self._told = True
                self._declare(scope.get("app"))
            answer = metadata_response(self.authenticator, scope) or self.app
        await answer(scope, receive, send)

    def _declare(self, app: Any) -> None:
        """Tell of the audiences of all routes, which may be resources of their own."""
        for requirement in _requirements(getattr(app, "routes", None) or ()):
            with suppress(ConfigurationError):  # told on the route's first request
                self.authenticator.check(requirement)


def _requirements(routes: Iterable[Any]) -> Iterator[Requirement]:
    for route in routes:
        yield from requirements_on(getattr(route, "endpoint", None))
        yield from _requirements(getattr(route, "routes", None) or ())


def metadata_response(authenticator: Authenticator, scope: Scope) -> Response | None:
    """Return the answer to a connection that asks for metadata; otherwise ``None``."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    found = authenticator.well_known(scope["method"], path)
    return None if found is None else Response(found.body, found.status, dict(found.headers))
