"""From an ASGI scope to the core's words: the credentials a connection carries, and its memo."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Scope

from jwks_auth import VerifiedToken
from jwks_auth.adapters import Authenticator, Credentials, Requirement, Settings
from jwks_auth_fastapi.answers import VARY, finishing, memo_of
from jwks_auth_fastapi.internals import replace_send
from jwks_auth_fastapi.settings import JWKSAuthSettings

__all__ = ["SUBPROTOCOL", "AnySettings", "authenticate", "authenticator_of", "credentials_of", "watch"]

AnySettings = JWKSAuthSettings | Settings | Mapping[str, Any] | Authenticator

SUBPROTOCOL = "bearer"
"""What ``new WebSocket(url, ["bearer", token])`` offers, and the server has to accept."""

_MOST_SUBPROTOCOLS = 64
"""Names that a WebSocket may offer where one of them may be a token; clients offer a few."""


def authenticator_of(settings: AnySettings) -> Authenticator:
    """The authenticator that *settings* describe, or are."""
    if isinstance(settings, Authenticator):
        return settings
    return Authenticator(settings.core if isinstance(settings, JWKSAuthSettings) else settings)


def watch(conn: HTTPConnection) -> None:
    """Have what is answered on *conn* finished."""
    replace_send(conn, partial(finishing, conn.scope))


def authenticate(
    authenticator: Authenticator, scope: Scope, requirement: Requirement, *, subprotocol: bool = False
) -> Awaitable[VerifiedToken | None]:
    """Hold the connection against *requirement*; its token is verified once, however often this is called.

    The memo lives in the scope, so that middleware, mounted applications and dependencies share it. This is no
    coroutine itself, so no frame of it holds the scope, and with that the header, while callbacks run.
    """
    memo = memo_of(scope, authenticator)
    if subprotocol and scope["type"] == "websocket":
        scope[VARY] = ("Sec-WebSocket-Protocol",)
    return authenticator.aauthenticate(credentials_of(scope, subprotocol), requirement, memo)


def credentials_of(scope: Scope, subprotocol: bool = False) -> Credentials:
    """Every ``Authorization`` value (``headers.get`` would hide a second one), and the raw query.

    *subprotocol*: a WebSocket's ``Sec-WebSocket-Protocol: bearer, <token>`` counts as one more value.
    """
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
    if subprotocol and scope["type"] == "websocket":
        values += _offered(scope)
    query: bytes = scope.get("query_string", b"")
    return Credentials(values, query.decode("latin-1"), scope.get("method", "GET"))


def _offered(scope: Scope) -> list[str]:
    offered: list[str] = [*scope.get("subprotocols", ()), ""]
    if len(offered) > _MOST_SUBPROTOCOLS:
        return ["", ""]  # read as two credentials: nobody guesses which is one
    return [f"Bearer {token}" for name, token in pairwise(offered) if name.lower() == SUBPROTOCOL]
