"""The backend for Starlette's ``AuthenticationMiddleware``, and the credentials and users it gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

from starlette.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    AuthenticationError,
    BaseUser,
    UnauthenticatedUser,
)
from starlette.requests import HTTPConnection
from starlette.responses import Response

from jwks_auth import Refused, VerifiedToken
from jwks_auth.adapters import (
    Prefixes,
    RefusedRequest,
    Rejection,
    Requirement,
    Setting,
    name_of_service,
    readers,
    stand_for,
)
from jwks_auth_fastapi.answers import Finished
from jwks_auth_fastapi.errors import rejection_response
from jwks_auth_fastapi.internals import authentication_layers
from jwks_auth_fastapi.request_auth import AnySettings, RequestAuth, authenticator_of

__all__ = [
    "BACKEND",
    "JWTAuthenticationBackend",
    "JWTCredentials",
    "JWTUser",
    "RejectedConnection",
    "identity_of",
]

BACKEND = "jwks_auth.backend"
"""The key in a connection's scope under which the backend is kept."""

_OPTIONAL = Requirement.of(optional=True)

_EXEMPT_PATHS = Setting("exempt_paths", readers.paths)


class _Scopes(list[str]):
    """A list of scopes, which holds several with spaces between them if it holds each: for ``requires("a b")``."""

    def __contains__(self, scopes: object) -> bool:
        each = scopes.split(" ") if isinstance(scopes, str) else (scopes,)
        return all(super(_Scopes, self).__contains__(scope) for scope in each)


class JWTCredentials(AuthCredentials):
    """``request.auth``: the token, and the scopes for ``requires()``, with ``"authenticated"`` among them."""

    def __init__(self, token: VerifiedToken | None) -> None:
        super().__init__()
        self.scopes = _Scopes(() if token is None else ("authenticated", *sorted(token.scopes)))
        self.token = token


class JWTUser(BaseUser):
    """``request.user``: the token's subject, or its client if it has none."""

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
        """True for a service, not a person."""
        return self.token.is_service


class RejectedConnection(RefusedRequest, AuthenticationError):
    """The backend's exception; ``on_error`` answers with its ``rejection``."""

    def __init__(self, error: Refused, rejection: Rejection) -> None:
        super().__init__(rejection.description)
        stand_for(self, error, rejection)


class JWTAuthenticationBackend(AuthenticationBackend):
    """Reads the bearer token of every connection: without one it is anonymous, with a bad one it is refused.

    *settings* are those of :class:`JWTBearer`; the constructor does no I/O. Below *exempt_paths* only
    ``require_jwt`` reads tokens. Starlette's middleware closes a refused WebSocket without a reason (403 at the
    handshake).
    """

    def __init__(self, settings: AnySettings, *, exempt_paths: Iterable[str] = ()) -> None:
        self.authenticator = authenticator_of(settings)
        self._exempt_paths = Prefixes(_EXEMPT_PATHS.parsed(exempt_paths, "{}"))
        self._finished: WeakSet[Any] = WeakSet()

    @property
    def request_auth(self) -> RequestAuth:
        """Its authenticator, applied to connections."""
        return RequestAuth(self.authenticator)

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser]:
        """Credentials and user of the connection. Raises :class:`RejectedConnection`."""
        conn.scope[BACKEND] = self
        self._finish_answers(conn.scope.get("app"))
        if self._exempt_paths.cover(conn.scope["path"]):
            return identity_of(None)
        try:
            token = await self.request_auth.admit(conn.scope, _OPTIONAL)
        except Refused as error:
            raise RejectedConnection(error, self.request_auth.rejection(error, conn.scope)) from error
        return identity_of(token)

    def _finish_answers(self, app: Any) -> None:
        """Have the answers of *app* finished where they pass the middleware that calls this backend.

        The middleware is made without this backend's knowledge, but the application within it can be replaced.
        """
        if app is None or app in self._finished:
            return
        self._finished.add(app)
        for layer in authentication_layers(app):
            if layer.backend is self:
                layer.app = Finished(layer.app)

    @staticmethod
    def on_error(conn: HTTPConnection, exc: Exception) -> Response:
        """For ``AuthenticationMiddleware(on_error=...)``, whose own answer to everything is 400."""
        if isinstance(exc, RejectedConnection):
            return rejection_response(exc.rejection)
        raise exc


def identity_of(token: VerifiedToken | None) -> tuple[JWTCredentials, BaseUser]:
    """Return ``request.auth`` and ``request.user`` for *token*."""
    return JWTCredentials(token), UnauthenticatedUser() if token is None else JWTUser(token)
