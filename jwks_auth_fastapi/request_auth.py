"""``RequestAuth``: one service's authenticator, asked for the connection that is being served."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any

from starlette.exceptions import WebSocketException
from starlette.requests import HTTPConnection
from starlette.status import WS_1008_POLICY_VIOLATION
from starlette.types import Scope

from jwks_auth import Refused, VerifiedToken, Verifier
from jwks_auth.adapters import Authenticator, Credentials, Rejection, Requirement, Settings
from jwks_auth_fastapi.answers import finishing
from jwks_auth_fastapi.errors import RequestRejected, request_rejected
from jwks_auth_fastapi.internals import replace_send
from jwks_auth_fastapi.settings import JWKSAuthSettings

__all__ = ["SUBPROTOCOL", "AnySettings", "RequestAuth", "authenticator_of", "watch"]

AnySettings = JWKSAuthSettings | Settings | Mapping[str, Any] | Authenticator | Verifier

SUBPROTOCOL = "bearer"
"""What ``new WebSocket(url, ["bearer", token])`` offers, and the server has to accept."""


def authenticator_of(settings: AnySettings) -> Authenticator:
    """The authenticator that *settings* describe, or are."""
    if isinstance(settings, Authenticator):
        return settings
    return Authenticator(settings.core if isinstance(settings, JWKSAuthSettings) else settings)


class RequestAuth:
    """One service's authenticator, asked for the connection that is being served.

    *subprotocol*: a WebSocket may offer its token as one.
    """

    def __init__(self, authenticator: Authenticator, *, subprotocol: bool = False) -> None:
        self.authenticator = authenticator
        self._subprotocol = SUBPROTOCOL if subprotocol else ""

    def admit(self, scope: Scope, requirement: Requirement) -> Awaitable[VerifiedToken | None]:
        """The connection's token; ``None`` only where it is optional and none was sent. Raises ``Refused``.

        It is verified once, however often this is called: middleware, mounted applications and dependencies share
        what is kept in *scope*. This is no coroutine itself, so no frame of it holds the scope, and with that the
        header, while callbacks run.
        """
        return self.authenticator.aauthenticate(self._credentials(scope), requirement)

    def rejection(self, error: Refused, scope: Scope) -> Rejection:
        """Return the finished answer."""
        return self.authenticator.rejection(error, self._credentials(scope))

    def rejected(self, error: Refused, scope: Scope) -> RequestRejected | WebSocketException:
        """Return the exception for a dependency to raise, ``from error``."""
        rejection = self.rejection(error, scope)
        if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
            # A server that can't send a denial response answers a close before accept with a plain 403.
            return WebSocketException(WS_1008_POLICY_VIOLATION, rejection.description)
        return request_rejected(rejection, error.code)

    def _credentials(self, scope: Scope) -> Credentials:
        return Credentials.from_asgi(scope, subprotocol=self._subprotocol)


def watch(conn: HTTPConnection) -> None:
    """Have what is answered on *conn* finished."""
    replace_send(conn, partial(finishing, conn.scope))
