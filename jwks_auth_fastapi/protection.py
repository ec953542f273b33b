"""``protect`` and ``public``: an application whose routes need a token unless they are marked as open.

The guard stands within the application's exception handlers and in front of its router, so that it covers routes that
are added later, WebSockets and mounted applications.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Host, Match, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from jwks_auth import ConfigurationError
from jwks_auth.adapters import Prefixes, Requirement, Setting, readers
from jwks_auth_fastapi.answers import finishing
from jwks_auth_fastapi.backend import JWTAuthenticationBackend
from jwks_auth_fastapi.guard import guard_connection
from jwks_auth_fastapi.internals import Moved, Reading
from jwks_auth_fastapi.marks import is_guard, is_public, mark_public

__all__ = ["Protection", "is_self_guarded", "protect", "protections_of", "public", "routes_of"]

TargetT = TypeVar("TargetT")

_PUBLIC_PATHS = Setting("public_paths", readers.paths)
_ANY_TOKEN = Requirement()
_READING = Reading()


class Scheme(Protocol):
    """The part of a ``JWTBearer`` that is used here."""

    is_optional: bool

    async def admits(self, conn: HTTPConnection) -> None:
        """Raise the refusal of a connection without a valid token."""


def protect(
    app: Starlette, auth: Scheme | JWTAuthenticationBackend, *, public_paths: str | Iterable[str] = ()
) -> None:
    """Require a valid token for every route of *app*, those that are added later or mounted too.

    Open are routes marked with :func:`public`, and *public_paths*: each covers itself and what is below it, such as
    ``/docs`` and ``/openapi.json``. A route with a guard of its own is left to that. Answers to paths without a route
    stay 404, and ``app.frontend()`` stays open. Middleware runs before, and may answer by itself.
    Raises :class:`~jwks_auth.ConfigurationError`.
    """
    if not isinstance(app, Starlette):
        raise ConfigurationError(
            f"protect: found {app!r}, expected the application; a router has dependencies="
        )
    if not (isinstance(auth, JWTAuthenticationBackend) or hasattr(auth, "admits")):
        raise ConfigurationError(f"protect: found {auth!r}, expected a JWTBearer or JWTAuthenticationBackend")
    if getattr(auth, "is_optional", False):
        raise ConfigurationError("protect: an optional token protects nothing")
    paths = _PUBLIC_PATHS.parsed(public_paths, "{}")
    # Within ExceptionMiddleware, unlike what add_middleware() adds, so that the app's own handlers answer.
    app.router.middleware_stack = Protection(app.router.middleware_stack, app, auth, paths)


def public(target: TargetT) -> TargetT:
    """Mark a route's function, class or application as open on purpose, in an application that is protected.

    It goes below ``@app.get(...)``: ``app.add_api_route("/ready", public(auth.health))``. A guard of its own still
    asks for what it asks.
    """
    if isinstance(target, BaseRoute) or not callable(target):
        raise ConfigurationError(f"public marks a route's function, class or application, found {target!r}")
    marked: Any = target
    if inspect.ismethod(target):  # which is made anew each time it is read
        marked = functools.update_wrapper(functools.partial(target), target)
    mark_public(marked)
    return marked  # type: ignore[no-any-return]


class Protection:
    """The guard in front of the router of one application."""

    def __init__(
        self,
        router: ASGIApp,
        app: Starlette,
        auth: Scheme | JWTAuthenticationBackend,
        public_paths: tuple[str, ...],
    ) -> None:
        self.router = router
        self._app = app
        self.auth = auth
        """The scheme, or the backend, that judges requests."""
        self.public_paths = Prefixes(public_paths)
        """The paths, as the router has them, that are open on purpose."""
        self._known: dict[int, tuple[Any, bool]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse by raising what the application's handlers answer; otherwise pass the connection on."""
        if scope["type"] in ("http", "websocket") and self._asks(scope):
            send = finishing(scope, send)
            await self._admit(HTTPConnection(scope))
        running = self.router(scope, receive, send)
        del scope  # it holds the header, which no local may hold while the application runs
        await running

    def _asks(self, scope: Scope) -> bool:
        if self.public_paths.cover(_route_path(scope)):
            return False
        router = self._app.router
        asks = self._asks_among(self._app.routes, scope)
        # Nothing matches: Starlette redirects or answers 404, unless the router has another default.
        return asks if asks is not None else router.default != router.not_found

    def _asks_among(self, routes: Sequence[BaseRoute], scope: Scope) -> bool | None:
        """Return whether the route that *scope* is for needs a token; ``None`` if there is no route."""
        partial = None
        for route, original in routes_of(routes):
            match, child = route.matches(dict(scope))
            if match is Match.FULL:
                return self._asks_of(route, original, {**scope, **child})
            if match is Match.PARTIAL:
                # Starlette answers 405 for a route of its own.
                partial = partial or not isinstance(original, Route)
        return partial

    def _asks_of(self, route: Any, original: BaseRoute, scope: Scope) -> bool:
        if not isinstance(original, Mount | Host):
            return not (is_public(getattr(route, "endpoint", None)) or self._is_self_guarded(route))
        if is_public(original.app) or is_guard(original.app) or protections_of(original.app):
            return False
        within = [each for each in original.routes or () if isinstance(each, BaseRoute)]
        # What a mounted application answers without a route is not known.
        return self._asks_among(within, scope) is not False

    def _is_self_guarded(self, route: Any) -> bool:
        key = getattr(route, "dependant", None) or getattr(route, "endpoint", None)
        if id(key) not in self._known:
            self._known[id(key)] = key, is_self_guarded(route)
        return self._known[id(key)][1]

    async def _admit(self, conn: HTTPConnection) -> None:
        if isinstance(self.auth, JWTAuthenticationBackend):
            await guard_connection(conn, self.auth, _ANY_TOKEN)
        else:
            await self.auth.admits(conn)


def is_self_guarded(route: Any) -> bool:
    """Return whether *route* has a guard of its own, to which a protection leaves it."""
    if is_guard(getattr(route, "endpoint", None)):
        return True
    dependant = getattr(route, "dependant", None)
    if dependant is None:
        return False
    try:
        from jwks_auth_fastapi.mistakes import has_scheme  # here, because Starlette alone has no such route

        return has_scheme(dependant)
    except (Moved, ImportError):  # FastAPI's internals have moved: the route may be open
        return False


def routes_of(routes: Sequence[BaseRoute], reading: Reading = _READING) -> Iterator[tuple[Any, BaseRoute]]:
    """Yield each route as it is matched, those of FastAPI's included routers too, and as it was declared."""
    try:
        yield from list(reading.routes(routes))
    except Moved:  # a router is then one route, and asks
        yield from ((each, each) for each in routes)


def _route_path(scope: Scope) -> str:
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def protections_of(app: Any) -> list[Protection]:
    """Return the guards in front of the router of *app*, from the outermost."""
    found, layer = [], getattr(getattr(app, "router", None), "middleware_stack", None)
    while isinstance(layer, Protection):
        found.append(layer)
        layer = layer.router
    return found
