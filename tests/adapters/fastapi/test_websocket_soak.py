"""A thousand WebSockets through a rotation, a withdrawal and the expiry of their tokens, on real sockets."""

import asyncio
import gc
import os
import resource
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Depends, FastAPI, WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, VerifiedToken, until_expiry
from tests.asgi import serve
from tests.patience import PATIENCE

CONNECTIONS = 1000
LASTS = 8.0


def app_for(auth: JWTBearer[Any]) -> FastAPI:
    """An echo for as long as the token lasts, and what the process holds."""
    app = FastAPI()

    @app.websocket("/ws")
    async def echo(websocket: WebSocket, token: Annotated[VerifiedToken[Any], Depends(auth)]) -> None:
        await websocket.accept("bearer")
        async with until_expiry(websocket, token):
            async for text in websocket.iter_text():
                await websocket.send_text(text)

    @app.get("/held")
    async def held() -> dict[str, int]:
        gc.collect()
        kinds = Counter(type(each) for each in gc.get_objects())
        return {
            "tasks": len(asyncio.all_tasks()),
            "websockets": kinds[WebSocket],
            "tokens": kinds[VerifiedToken],
            "threads": threading.active_count(),
            "files": len(os.listdir("/dev/fd")),
        }

    return app


async def connected(url: str, issuer: FakeIssuer, open_now: asyncio.Semaphore) -> ClientConnection:
    """A connection that has said hello."""
    async with open_now:
        raw = issuer.token(expires_in=LASTS)
        socket = await connect(url, subprotocols=["bearer", raw], proxy=None, open_timeout=PATIENCE)  # type: ignore[list-item]
        await socket.send("hello")
        assert await socket.recv() == "hello"
    return socket


async def ending(socket: ClientConnection) -> tuple[int | None, str | None]:
    """How the connection ends."""
    with pytest.raises(ConnectionClosed):
        await socket.recv()
    return socket.close_code, socket.close_reason


async def refused(url: str, raw: str) -> int:
    """The status in place of a connection."""
    with pytest.raises(InvalidStatus) as caught:
        await connect(url, subprotocols=["bearer", raw], proxy=None, open_timeout=PATIENCE)  # type: ignore[list-item]
    return int(caught.value.response.status_code)


@pytest.fixture
def many_files() -> Iterator[None]:
    """Two thousand sockets, one for each end, are more than some systems allow at first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
async def test_a_thousand_connections_end_with_their_tokens_and_leave_nothing() -> None:
    """Each is closed with 1008 when its token expires; then no task, token, socket or thread is left of them."""
    with FakeIssuer.serve() as issuer:
        auth = JWTBearer(issuer.settings(), websocket_subprotocol=True)
        with serve(app_for(auth), ws="websockets-sansio") as url:
            async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE) as client:
                socket_url = url.replace("http", "ws") + "/ws"
                before = (await client.get("/held")).json()
                open_now = asyncio.Semaphore(10)

                async def open_many() -> list[ClientConnection]:
                    each = (connected(socket_url, issuer, open_now) for _ in range(CONNECTIONS // 2))
                    return await asyncio.gather(*each)

                old_kid = issuer.kid
                first = await open_many()
                issuer.rotate()
                issuer.withdraw(old_kid)
                # Of many that meet a new key at once two wait for it, and the others are told to come back.
                second = [await connected(socket_url, issuer, open_now), *await open_many()]
                endings = Counter(await asyncio.gather(*map(ending, [*first, *second])))
                assert endings == {(1008, "The access token has expired"): CONNECTIONS + 1}
                assert await refused(socket_url, issuer.token(kid=old_kid)) == 401
                after = (await client.get("/held")).json()
    assert after["websockets"] <= 1
    assert after["tokens"] == before["tokens"]
    assert after["tasks"] <= before["tasks"] + 2
    assert after["threads"] <= before["threads"] + 2
    assert after["files"] <= before["files"] + 10
