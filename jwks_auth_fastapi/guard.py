"""``require_jwt``: a guard on one endpoint, with the right challenges, where ``requires()`` answers a bare 403."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, Unpack, overload

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from jwks_auth import ConfigurationError, Policy, Refused
from jwks_auth.adapters import Requirement, RequirementOptions
from jwks_auth_fastapi.answers import finishing
from jwks_auth_fastapi.backend import BACKEND, JWTAuthenticationBackend, identity_of
from jwks_auth_fastapi.errors import RequestRejected, WebSocketRejected, rejection_response
from jwks_auth_fastapi.marks import note_guard, requirements_on
from jwks_auth_fastapi.request_auth import watch

__all__ = ["GuardOptions", "guard_connection", "require_jwt"]

_EXCEPTION_HANDLERS = "starlette.exception_handlers"  # present if Starlette's handlers can answer


EndpointT = TypeVar("EndpointT", bound=Callable[..., Any])


class GuardOptions(RequirementOptions, total=False):
    """Options of :func:`require_jwt`."""

    backend: JWTAuthenticationBackend


@overload
def require_jwt(endpoint: EndpointT, /) -> EndpointT: ...
@overload
def require_jwt(**options: Unpack[GuardOptions]) -> Callable[[EndpointT], EndpointT]: ...
def require_jwt(endpoint: Any = None, /, **options: Unpack[GuardOptions]) -> Any:
    """Admit only requests with a valid token to an endpoint, and answer others with the right challenge.

    Without parentheses, or with a requirement: what :class:`~jwks_auth.Policy` takes (``scopes``, ``any_role``, ...),
    ``policy``, ``audience``, ``issuer``. ``optional=True`` also admits requests without a token. For functions and
    methods that take a request or a websocket, for endpoint classes and for ASGI applications. The backend is that of
    the middleware around the app, unless given; the token is ``request.auth.token``.

    Raises :class:`~jwks_auth.ConfigurationError` for a requirement that no token can meet.
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
        self.policies: list[Policy] = []

    def __call__(self, endpoint: Callable[..., Any]) -> Callable[..., Any]:
        guard = copy.copy(self)
        guard.policies = [each.policy for each in requirements_on(endpoint) if each.policy is not None]
        return guard.around(endpoint)

    def around(self, endpoint: Callable[..., Any]) -> Callable[..., Any]:
        """Return *endpoint*, guarded."""
        if not _is_function(endpoint):
            return _GuardedApp(endpoint, self)

        @functools.wraps(endpoint)
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            conn = _connection(endpoint, args, kwargs)
            if args and isinstance(args[0], HTTPEndpoint):  # it answers by itself
                args[0].send = finishing(conn.scope, args[0].send)
            else:
                watch(conn)
            await self.check(conn)
            if inspect.iscoroutinefunction(endpoint):
                answer = endpoint(*args, **kwargs)
            else:
                answer = run_in_threadpool(endpoint, *args, **kwargs)
            del (
                conn,
                args,
                kwargs,
            )  # they hold the header, which no local of this frame may hold while the endpoint runs
            return await answer

        note_guard(guarded, endpoint, self.requirement, self.backend)
        return guarded

    async def check(self, conn: HTTPConnection) -> None:
        """Set ``auth`` and ``user`` of the connection; raise an exception that Starlette's handlers answer."""
        backend = self.backend or conn.scope.get(BACKEND)
        if backend is None:
            raise ConfigurationError(
                "require_jwt found no backend: put AuthenticationMiddleware with a JWTAuthenticationBackend "
                "around the application, or say require_jwt(backend=...)"
            )
        try:
            token = await backend.request_auth.admit(conn.scope, self.requirement)
        except Refused as error:
            rejected = backend.request_auth.rejected(error, conn.scope, self.policies)
            raise self._refusal(rejected) from error
        if token is not None or "auth" not in conn.scope:  # another middleware may have identified the sender
            conn.scope["auth"], conn.scope["user"] = identity_of(token)

    @staticmethod
    def _refusal(exc: RequestRejected | WebSocketRejected) -> RequestRejected | WebSocketRejected:
        if isinstance(exc, RequestRejected):
            # Starlette's own handler sends detail unchanged, so this is the body that all adapters share.
            exc.detail = exc.rejection.body.decode()
            exc.headers = {**exc.rejection.fields, "Content-Type": exc.rejection.media_type}
        return exc


async def guard_connection(
    conn: HTTPConnection, backend: JWTAuthenticationBackend, requirement: Requirement
) -> None:
    """Do for *conn* what ``require_jwt`` does before it calls an endpoint."""
    await _Guard(requirement, backend).check(conn)


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
        note_guard(self, app, guard.requirement, guard.backend)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp = self.app
        if scope["type"] not in ("http", "websocket", "lifespan"):
            raise ConfigurationError(f"require_jwt can't guard a connection of the type {scope['type']!r}")
        if scope["type"] != "lifespan":
            send = finishing(scope, send)
            try:
                await self.guard.check(HTTPConnection(scope))
            except RequestRejected as exc:
                # As middleware it may stand outside of the handlers, which are then those of an outer application.
                if _EXCEPTION_HANDLERS in scope and scope.get("endpoint") is self:
                    raise
                answer = rejection_response(exc.rejection)
            except WebSocketRejected as exc:
                answer = WebSocketClose(exc.code, exc.reason)
        running = answer(scope, receive, send)
        del scope  # it holds the header, which no local may hold while the application runs
        await running
