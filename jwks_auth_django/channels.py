"""Channels: bearer tokens for WebSockets, from the header or from the subprotocol that browsers can send.

``ProtocolTypeRouter({"websocket": JWTAuthMiddleware(URLRouter([...]))})``.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Awaitable, Callable, MutableMapping
from math import inf
from typing import Any, Unpack

from channels.middleware import BaseMiddleware  # type: ignore[import-untyped]  # Channels has no types
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import DisallowedHost, ImproperlyConfigured
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from jwks_auth import Refused
from jwks_auth.adapters import (
    EXPIRED,
    POLICY_VIOLATION,
    SUBPROTOCOL,
    as_request,
    handshake_of,
    refusal_messages,
    seconds_left,
)
from jwks_auth_django.authentication import arejection_of, asign_in
from jwks_auth_django.guards import GuardOptions, guard
from jwks_auth_django.senders import sender_of

__all__ = ["JWTAuthMiddleware"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_FOREVER = 1e9
"""Seconds; event loops can't wait much longer, and no connection lasts as long."""

_UNAUTHORIZED = 3000
"""IANA's code for Unauthorized, for a server that lets no application close with 1008."""


class JWTAuthMiddleware(BaseMiddleware):  # type: ignore[misc]  # as above
    """Sets ``scope["user"]`` and ``scope["token"]`` of a WebSocket, and ends it when the token expires.

    Without options, a connection without a token passes: ``scope["token"]`` is ``None``, and the user is that of an
    ``AuthMiddleware`` around this, or anonymous. With the options of ``require_jwt`` it is refused, unless
    ``optional=True``; ``optional=False`` alone asks for any good token. Bad tokens are always refused, before accept,
    with the answer of an HTTP request where the server can send one. At ``exp`` the connection is closed with 1008
    (behind Daphne, which allows none of these, with 3000), and the consumer gets ``websocket.disconnect``. *clock*
    returns seconds since 1970.
    """

    def __init__(
        self, inner: Any, *, clock: Callable[[], float] = time.time, **asked: Unpack[GuardOptions]
    ) -> None:
        super().__init__(inner)
        stated: GuardOptions = asked or {"optional": True}
        self.requirement = guard(**stated)
        self._clock = clock

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> Any:
        """Judge the connection, and run the application that this is around."""
        if scope["type"] == "lifespan":
            return await self.inner(scope, receive, send)
        if scope["type"] != "websocket":
            raise ImproperlyConfigured(
                f"JWTAuthMiddleware is for WebSockets, found a connection of the type {scope['type']!r}; "
                "other requests have jwks_auth_django.middleware.JWTAuthenticationMiddleware"
            )
        request, offered = _request(scope)
        try:
            token = await asign_in(request, self.requirement)
        except DisallowedHost:  # several APIs are told apart by hosts
            return await send({"type": "websocket.close"})
        except Refused as error:
            rejection = await arejection_of(request, error)
            for message in refusal_messages(rejection, scope):
                await send(message)
            return None
        user = scope.get("user", AnonymousUser()) if token is None else sender_of(request).user
        connection = _Connection(receive, send, accepts=SUBPROTOCOL if offered else None)
        running = self.inner({**scope, "user": user, "token": token}, connection.receive, connection.send)
        del scope, request  # they hold the header, which no local may hold while the application runs
        return await connection.run(running, inf if token is None else seconds_left(token, self._clock()))


def _request(scope: MutableMapping[str, Any]) -> tuple[HttpRequest, bool]:
    """Return the handshake as Django's request, and whether its token came as a subprotocol."""
    request = ASGIRequest(as_request(scope), io.BytesIO())
    handshake = handshake_of(scope)
    request.META.update(handshake)
    return request, any(each.offered for each in handshake.values())


class _Connection:
    """A WebSocket that ends with its token, if it has one that does."""

    def __init__(self, receive: Receive, send: Send, *, accepts: str | None) -> None:
        self._receive, self._send = receive, send
        self._accepts = accepts
        self._deadline: float | None = None
        self._is_closed = self._has_expired = False

    async def run(self, application: Awaitable[Any], left: float) -> Any:
        """Run *application* until it ends; close the connection when *left* seconds are over."""
        if left > _FOREVER:
            return await application
        self._deadline = asyncio.get_running_loop().time() + left
        # A consumer may be busy, and receive nothing for a long time.
        closing = asyncio.create_task(self._close_after(left))
        try:
            return await application
        finally:
            closing.cancel()

    async def receive(self) -> Message:
        """Return the next message; the disconnect, once the token has expired."""
        try:
            async with asyncio.timeout_at(self._deadline) as limit:
                message = await self._receive()
        except TimeoutError:
            if not limit.expired():
                raise
            await self._close()
            return {"type": "websocket.disconnect", "code": POLICY_VIOLATION, "reason": EXPIRED}
        self._is_closed |= message["type"] == "websocket.disconnect"
        return message

    async def send(self, message: Message) -> None:
        """Send *message*; nothing once the token has expired."""
        if self._has_expired:
            return
        self._is_closed |= message["type"] == "websocket.close"
        if message["type"] == "websocket.accept" and self._accepts and message.get("subprotocol") is None:
            message = {**message, "subprotocol": self._accepts}  # browsers insist on one they have offered
        await self._send(message)

    async def _close_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._close()

    async def _close(self) -> None:
        if not self._is_closed:
            self._is_closed = self._has_expired = True
            await _send_close(self._send)


async def _send_close(send: Send) -> None:
    close = {"type": "websocket.close", "code": POLICY_VIOLATION, "reason": EXPIRED}
    try:
        await send(close)
    except OSError:  # the client has gone, and the consumer has not heard of it yet
        return
    except Exception:  # noqa: BLE001 - autobahn's, of no class of its own: it leaves 1008 to itself (Daphne 4.2.3)
        await send({**close, "code": _UNAUTHORIZED})
