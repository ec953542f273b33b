"""WebSockets: how one is refused before it is accepted, and when it ends with its token, in messages of ASGI."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from jwks_auth.claims import VerifiedToken
from jwks_auth.request.answers import Rejection
from jwks_auth.request.credentials import HANDSHAKE, Credentials

__all__ = [
    "EXPIRED",
    "POLICY_VIOLATION",
    "SUBPROTOCOL",
    "as_request",
    "handshake_of",
    "may_answer",
    "refusal_messages",
    "seconds_left",
]

SUBPROTOCOL = "bearer"
"""The subprotocol that ``new WebSocket(url, ["bearer", token])`` offers, and the server must accept."""

POLICY_VIOLATION = 1008
"""The code that closes a connection whose sender is not allowed, or not any more (RFC 6455 section 7.4.1)."""

EXPIRED = "The access token has expired"
"""The reason for a close at ``exp``."""

_SCHEMES = {"ws": "http", "wss": "https"}
_ANSWER = "websocket.http.response"


def may_answer(scope: Mapping[str, Any]) -> bool:
    """Return whether the server of *scope* can send an HTTP answer before it accepts a WebSocket."""
    return _ANSWER in scope.get("extensions", {})


def as_request(scope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the handshake of a WebSocket as the scope of an HTTP request.

    A mapping that is made of it is to have :func:`handshake_of` too.
    """
    return {
        **scope,
        "type": "http",
        "method": "GET",
        "scheme": _SCHEMES.get(scope.get("scheme", "ws"), "http"),
        "query_string": scope.get("query_string", b"").decode("latin-1"),  # it may be no UTF-8
    }


def handshake_of(scope: Mapping[str, Any]) -> dict[str, Credentials]:
    """Return the item of a WSGI environment which tells that its request is a WebSocket's, and offers its tokens."""
    return {HANDSHAKE: Credentials.from_asgi({**scope}, subprotocol=SUBPROTOCOL)}


def refusal_messages(rejection: Rejection, scope: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the messages that refuse a WebSocket before it is accepted.

    A server that can't send the answer is told to close; it then answers with a plain 403.
    """
    if not may_answer(scope):
        reason = rejection.description
        return [{"type": "websocket.close", "code": POLICY_VIOLATION, "reason": reason}]
    headers = [*rejection.headers, ("Content-Type", rejection.media_type)]
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return [
        {"type": f"{_ANSWER}.start", "status": rejection.status, "headers": encoded},
        {"type": f"{_ANSWER}.body", "body": rejection.body},
    ]


def seconds_left(token: VerifiedToken[Any], now: float) -> float:
    """Return the time from *now*, in seconds since 1970, to the end of *token*; infinite if it has none."""
    return inf if token.expires_at is None else token.expires_at - now
