"""Long connections: a WebSocket or a stream is checked at its start, and ends with its token."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar, overload

from anyio import move_on_after
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketState

from jwks_auth import VerifiedToken
from jwks_auth.adapters import EXPIRED, POLICY_VIOLATION, seconds_left, token_on
from jwks_auth.adapters import until_expiry as stream_until_expiry

__all__ = ["token_of", "until_expiry"]

ItemT = TypeVar("ItemT")


def token_of(conn: HTTPConnection) -> VerifiedToken | None:
    """Return the token that admitted the request or WebSocket, or ``None``: for logs, rate limits, error handlers.

    It is there once a route's guard, or the middleware, has accepted it, also if a policy then refuses it. It guards
    nothing.
    """
    return token_on(conn.scope)


@overload
def until_expiry(
    connection: WebSocket, token: VerifiedToken[Any], /, *, clock: Callable[[], float] = ...
) -> AbstractAsyncContextManager[None]: ...
@overload
def until_expiry(
    token: VerifiedToken[Any], stream: AsyncIterable[ItemT], /, *, clock: Callable[[], float] = ...
) -> AsyncIterator[ItemT]: ...
@overload
def until_expiry(
    token: VerifiedToken[Any], stream: Iterable[ItemT], /, *, clock: Callable[[], float] = ...
) -> Iterator[ItemT]: ...
def until_expiry(first: Any, second: Any, /, *, clock: Callable[[], float] = time.time) -> Any:
    """End a stream, or the block of a WebSocket, when the token expires, by its ``exp`` without leeway.

    ``StreamingResponse(until_expiry(token, events()))``: an async stream ends at ``exp``, a sync one with the first
    item that it has from then on. ``async with until_expiry(websocket, token):`` at ``exp`` the code inside is
    cancelled, and the connection is closed with 1008 and a reason; the code after the block then runs. *clock* returns
    seconds since 1970.
    """
    if isinstance(first, WebSocket):
        return _connected(first, second, clock)
    return stream_until_expiry(first, second, clock=clock)


@asynccontextmanager
async def _connected(
    websocket: WebSocket, token: VerifiedToken[Any], clock: Callable[[], float]
) -> AsyncIterator[None]:
    with move_on_after(seconds_left(token, clock())) as limit:
        yield
    if limit.cancelled_caught and websocket.application_state is WebSocketState.CONNECTED:
        await websocket.close(POLICY_VIOLATION, EXPIRED)
