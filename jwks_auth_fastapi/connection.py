"""From an ASGI scope to the core's words: the credentials a connection carries, and its memo."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Scope

from jwks_auth import VerifiedToken
from jwks_auth.adapters import Authenticator, Credentials, Requirement, Settings
from jwks_auth_fastapi.answers import finishing
from jwks_auth_fastapi.internals import replace_send
from jwks_auth_fastapi.settings import JWKSAuthSettings

__all__ = ["SUBPROTOCOL", "AnySettings", "authenticate", "authenticator_of", "credentials_of", "watch"]

AnySettings = JWKSAuthSettings | Settings | Mapping[str, Any] | Authenticator

SUBPROTOCOL = "bearer"
"""What ``new WebSocket(url, ["bearer", token])`` offers, and the server has to accept."""


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
    return authenticator.aauthenticate(credentials_of(scope, subprotocol), requirement)


def credentials_of(scope: Scope, subprotocol: bool = False) -> Credentials:
    """The credentials of a connection; with *subprotocol* those that a WebSocket offers as one."""
    return Credentials.from_asgi(scope, subprotocol=SUBPROTOCOL if subprotocol else "")
