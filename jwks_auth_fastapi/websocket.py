"""Long connections: a WebSocket is checked at its start, and ends with its token."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from math import inf
from typing import Any

from anyio import move_on_after
from starlette.status import WS_1008_POLICY_VIOLATION
from starlette.websockets import WebSocket, WebSocketState

from jwks_auth import VerifiedToken

__all__ = ["until_expiry"]

REASON = "The access token has expired"


@asynccontextmanager
async def until_expiry(
    websocket: WebSocket, token: VerifiedToken[Any], *, clock: Callable[[], float] = time.time
) -> AsyncIterator[None]:
    """End the block of ``async with until_expiry(websocket, token):`` when the token expires.

    At ``exp`` the code inside is cancelled, and the connection is closed with 1008 and a reason; the code after the
    block then runs. *clock* returns seconds since 1970.
    """
    expires_at = token.expires_at
    with move_on_after(inf if expires_at is None else expires_at - clock()) as limit:
        yield
    if limit.cancelled_caught and websocket.application_state is WebSocketState.CONNECTED:
        await websocket.close(WS_1008_POLICY_VIOLATION, REASON)
