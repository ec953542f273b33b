"""For Starlette alone: a backend for its ``AuthenticationMiddleware``, and ``require_jwt`` for endpoints.

``Middleware(AuthenticationMiddleware, backend=(b := JWTAuthenticationBackend(...)), on_error=b.on_error)``
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Unpack, overload
from weakref import WeakSet

from starlette.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    AuthenticationError,
    BaseUser,
    UnauthenticatedUser,
)
from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import WebSocketException
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from jwks_auth import AuthError, ConfigurationError, KeySourceError, VerifiedToken
from jwks_auth.adapters import Rejection, Requirement, RequirementOptions, name_of_service
from jwks_auth_fastapi.answers import Finished, finishing
from jwks_auth_fastapi.connection import AnySettings, authenticate, authenticator_of, watch
from jwks_auth_fastapi.errors import HeaderPairs, RequestRejected, rejection_response, request_rejected
from jwks_auth_fastapi.marks import note_guard

__all__ = ["JWTAuthenticationBackend", "JWTCredentials", "JWTUser", "RejectedConnection", "require_jwt"]

_BACKEND = "jwks_auth.backend"
_EXCEPTION_HANDLERS = "starlette.exception_handlers"  # there if Starlette is around to answer
_OPTIONAL = Requirement.of(optional=True)


class JWTCredentials(AuthCredentials):
    """``request.auth``: the scopes ``requires()`` looks at, ``"authenticated"`` among them, and the token."""

    def __init__(self, token: VerifiedToken | None) -> None:
        super().__init__(() if token is None else ("authenticated", *sorted(token.scopes)))
        self.token = token


class JWTUser(BaseUser):
    """``request.user``: the token's subject, or its client where it has none."""

    def __init__(self, token: VerifiedToken) -> None:
        self.token = token

    @property
    def is_authenticated(self) -> bool:
        """Always true: the token was verified."""
        return True

    @property
    def display_name(self) -> str:
        """``name``, ``preferred_username``, subject or client. For display: users may choose the first two."""
        names = (self.token.get("name"), self.token.get("preferred_username"), self.token.subject)
        return next((name for name in names if isinstance(name, str)), self.token.client_id or "")

    @property
    def identity(self) -> str:
        """``sub``, unique within its issuer; a service's name where it has none."""
        return self.token.subject or name_of_service(self.token.payload)

    @property
    def is_service(self) -> bool:
        """Return whether a service speaks and not a person."""
        return self.token.is_service


class RejectedConnection(AuthenticationError):
    """The backend's exception; ``on_error`` answers with its ``rejection``."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.description)
        self.rejection = rejection


class JWTAuthenticationBackend(AuthenticationBackend):
    """Reads the bearer token of every connection; none is anonymous, a bad one is refused on every route.

    *settings* are what :class:`JWTBearer` takes; no I/O at construction. Below *exempt_paths* (prefixes)
    nobody looks at tokens but ``require_jwt``. Starlette's middleware closes a refused WebSocket without a
    reason (403 at the handshake).
    """

    def __init__(self, settings: AnySettings, *, exempt_paths: Iterable[str] = ()) -> None:
        self.authenticator = authenticator_of(settings)
        self._exempt_paths = _checked_paths(exempt_paths)
        self._finished: WeakSet[Any] = WeakSet()

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser]:
        """Credentials and user of the connection. Raises :class:`RejectedConnection`."""
        conn.scope[_BACKEND] = self
        self._finish_answers(conn.scope.get("app"))
        if conn.scope["path"].startswith(self._exempt_paths):
            return _identity(None)
        try:
            token = await authenticate(self.authenticator, conn.scope, _OPTIONAL)
        except (AuthError, KeySourceError) as error:
            raise RejectedConnection(self.authenticator.rejection(error)) from error
        return _identity(token)

    def _finish_answers(self, app: Any) -> None:
        """Have the answers of *app* finished that pass the middleware which asks this backend.

        The middleware can't be told when it is made; what it calls next can still be replaced.
        """
        if app is None or app in self._finished:
            return
        self._finished.add(app)
        layer = getattr(app, "middleware_stack", None)
        while layer is not None:
            if isinstance(layer, AuthenticationMiddleware) and layer.backend is self:
                layer.app = Finished(layer.app)
            layer = getattr(layer, "app", None)

    @staticmethod
    def on_error(conn: HTTPConnection, exc: Exception) -> Response:
        """For ``AuthenticationMiddleware(on_error=...)``, whose own answer to everything is 400."""
        if isinstance(exc, RejectedConnection):
            return rejection_response(exc.rejection)
        raise exc


def _checked_paths(paths: Any) -> tuple[str, ...]:
    # An empty one, or "/", would exempt everything.
    listed = tuple(paths) if isinstance(paths, Iterable) and not isinstance(paths, str) else (None,)
    if not all(isinstance(path, str) and path.startswith("/") and path.strip("/") for path in listed):
        raise ConfigurationError(
            f'exempt_paths: expected a list of beginnings of paths such as "/health/", found {paths!r}'
        )
    return listed


class GuardOptions(RequirementOptions, total=False):
    """Options of :func:`require_jwt`."""

    backend: JWTAuthenticationBackend


@overload
def require_jwt(endpoint: Callable[..., Any], /) -> Callable[..., Any]: ...
@overload
def require_jwt(
    **options: Unpack[GuardOptions],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
def require_jwt(
    endpoint: Callable[..., Any] | None = None, /, **options: Unpack[GuardOptions]
) -> Callable[..., Any]:
    """Let only requests with a good token through to an endpoint, and answer others with the right challenge.

    Bare, or with what the token must have: ``scopes``, ``any_scope``, ``roles``, ``any_role``,
    ``permissions``, ``claims``, ``person``, ``policy``, ``audience``, ``issuer``. ``optional=True`` lets requests
    without a token through. For functions and methods that take a request or a websocket, for endpoint classes and
    for ASGI applications.
    The backend is that of the middleware around the app, unless given; the token is ``request.auth.token``.

    Raises :class:`~jwks_auth.ConfigurationError` for what no token could meet.
    """
    asked: Any = {name: value for name, value in options.items() if name != "backend"}
    guard = _Guard(Requirement.of(**asked), _backend_in(options))
    if guard.backend is not None:
        guard.backend.authenticator.check(guard.requirement)
    return guard if endpoint is None else guard(endpoint)


def _backend_in(options: GuardOptions) -> JWTAuthenticationBackend | None:
    backend = options.get("backend")
    if "backend" in options and not isinstance(backend, JWTAuthenticationBackend):
        raise ConfigurationError(f"backend: found {backend!r}, expected a JWTAuthenticationBackend")
    return backend


class _Guard:
    def __init__(self, requirement: Requirement, backend: JWTAuthenticationBackend | None) -> None:
        self.requirement = requirement
        self.backend = backend

    def __call__(self, endpoint: Callable[..., Any]) -> Callable[..., Any]:
        if not _is_function(endpoint):
            return _GuardedApp(endpoint, self)

        @functools.wraps(endpoint)
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            conn = _connection(endpoint, args, kwargs)
            if args and isinstance(args[0], HTTPEndpoint):  # which answers by itself
                args[0].send = finishing(conn.scope, args[0].send)
            else:
                watch(conn)
            await self.check(conn)
            if inspect.iscoroutinefunction(endpoint):
                return await endpoint(*args, **kwargs)
            return await run_in_threadpool(endpoint, *args, **kwargs)

        note_guard(guarded, endpoint, self.requirement)
        return guarded

    async def check(self, conn: HTTPConnection) -> None:
        """Set ``auth`` and ``user`` of the connection; raises what Starlette's handlers answer."""
        backend = self.backend or conn.scope.get(_BACKEND)
        if backend is None:
            raise ConfigurationError(
                "require_jwt found no backend: put AuthenticationMiddleware with a JWTAuthenticationBackend "
                "around the application, or say require_jwt(backend=...)"
            )
        try:
            token = await authenticate(backend.authenticator, conn.scope, self.requirement)
        except (AuthError, KeySourceError) as error:
            raise self._refusal(request_rejected(error, backend.authenticator, conn.scope)) from error
        if token is not None or "auth" not in conn.scope:  # another middleware may know who this is
            conn.scope["auth"], conn.scope["user"] = _identity(token)

    @staticmethod
    def _refusal(exc: RequestRejected | WebSocketException) -> RequestRejected | WebSocketException:
        if isinstance(exc, RequestRejected):
            # Starlette's own handler sends detail as it is: this makes it the body that others answer with.
            exc.detail = exc.rejection.body.decode()
            exc.headers = HeaderPairs([*exc.rejection.headers, ("Content-Type", "application/json")])
        return exc


def _is_function(endpoint: Callable[..., Any]) -> bool:
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    return inspect.isroutine(endpoint)


def _connection(endpoint: Any, args: Iterable[Any], kwargs: Mapping[str, Any]) -> HTTPConnection:
    for value in (*args, *kwargs.values()):
        if isinstance(value, HTTPConnection):
            return value
    raise ConfigurationError(f"require_jwt found no request or websocket among the arguments of {endpoint!r}")


class _GuardedApp:
    """An endpoint class or another ASGI application behind a guard; lifespan events pass."""

    def __init__(self, app: ASGIApp, guard: _Guard) -> None:
        self.app = app
        self.guard = guard
        functools.update_wrapper(self, app, updated=())
        note_guard(self, app, guard.requirement)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp = self.app
        if scope["type"] not in ("http", "websocket", "lifespan"):
            raise ConfigurationError(f"require_jwt can't guard a connection of the type {scope['type']!r}")
        if scope["type"] != "lifespan":
            send = finishing(scope, send)
            try:
                await self.guard.check(HTTPConnection(scope))
            except RequestRejected as exc:
                if _EXCEPTION_HANDLERS in scope:
                    raise
                answer = rejection_response(exc.rejection)
            except WebSocketException as exc:
                answer = WebSocketClose(exc.code, exc.reason)
        await answer(scope, receive, send)


def _identity(token: VerifiedToken | None) -> tuple[JWTCredentials, BaseUser]:
    return JWTCredentials(token), UnauthenticatedUser() if token is None else JWTUser(token)
