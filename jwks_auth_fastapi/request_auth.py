"""``RequestAuth``: one service's authenticator, applied to connections."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol, cast

from starlette.requests import HTTPConnection
from starlette.types import Scope

from jwks_auth import Policy, Refused, VerifiedToken, Verifier
from jwks_auth.adapters import (
    SUBPROTOCOL,
    Authenticator,
    Credentials,
    Rejection,
    Requirement,
    Settings,
    may_answer,
)
from jwks_auth_fastapi.answers import finishing
from jwks_auth_fastapi.errors import RequestRejected, WebSocketRejected, request_rejected
from jwks_auth_fastapi.internals import policies_of, replace_send, server_span

__all__ = ["SUBPROTOCOL", "AnySettings", "RequestAuth", "authenticator_of", "watch"]


class SettingsModel(Protocol):
    """Settings of a framework's own kind, such as ``JWKSAuthSettings``, which Starlette alone does not have."""

    @property
    def core(self) -> Settings:
        """The parsed settings."""


AnySettings = SettingsModel | Settings | Mapping[str, Any] | Authenticator | Verifier


def authenticator_of(settings: AnySettings) -> Authenticator:
    """Return the authenticator that *settings* describe, or *settings* if they are one."""
    if isinstance(settings, Authenticator):
        return settings
    core = getattr(settings, "core", None)
    given = core if isinstance(core, Settings) else cast("Settings", settings)
    return Authenticator(given, server_span=server_span)


class RequestAuth:
    """One service's authenticator, applied to connections.

    With *subprotocol*, a WebSocket may offer its token as one.
    """

    def __init__(self, authenticator: Authenticator, *, subprotocol: bool = False) -> None:
        self.authenticator = authenticator
        self._subprotocol = SUBPROTOCOL if subprotocol else ""

    def admit(self, scope: Scope, requirement: Requirement) -> Awaitable[VerifiedToken | None]:
        """Return the connection's token; ``None`` only if it is optional and none was sent. Raises ``Refused``.

        It is verified once: middleware, mounted applications and dependencies share the result in *scope*. This is no
        coroutine, so no frame of it holds the scope, and with it the header, while callbacks run.
        """
        return self.authenticator.aauthenticate(self._credentials(scope), requirement)

    def judge(self, token: VerifiedToken[Any], requirement: Requirement, scope: Scope) -> None:
        """Hold a token that was admitted against one more requirement. Raises ``Refused``."""
        self.authenticator.judge(token, requirement, self._credentials(scope))

    def rejection(self, error: Refused, scope: Scope, policies: Iterable[Policy] = ()) -> Rejection:
        """Return the finished answer; *policies* are those of the route."""
        return self.authenticator.rejection(error, self._credentials(scope), policies)

    def rejected(
        self, error: Refused, scope: Scope, policies: Iterable[Policy] = ()
    ) -> RequestRejected | WebSocketRejected:
        """Return the exception for a dependency to raise, ``from error``."""
        route = scope.get("route")
        rejection = self.rejection(error, scope, [*policies, *policies_of(route, self.authenticator)])
        if scope["type"] == "websocket" and not may_answer(scope):
            # Without the denial response extension, a server answers a close before accept with a plain 403.
            return WebSocketRejected(error, rejection)
        return request_rejected(error, rejection)

    def _credentials(self, scope: Scope) -> Credentials:
        return Credentials.from_asgi(scope, subprotocol=self._subprotocol)


def watch(conn: HTTPConnection) -> None:
    """Have the answer on *conn* finished."""
    replace_send(conn, partial(finishing, conn.scope))
