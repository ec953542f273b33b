"""Socket.IO, by the recipe: a real server on uvicorn, and the package's own client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Self

import pytest

from jwks_auth.testing import FakeIssuer
from tests.asgi import serve
from tests.needs import need_module
from tests.patience import PATIENCE
from tests.recipes.page import Page


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, FakeIssuer]]:
    """The URL of a server with two namespaces, and its issuer."""
    socketio = need_module("socketio")
    need_module("aiohttp")
    issuer, server = FakeIssuer(), socketio.AsyncServer(async_mode="asgi")
    with Page("socketio").imported() as recipe:
        jwt = recipe.JWT(server, issuer.settings())

        @server.event
        @jwt.connect()
        async def connect(sid: str, environ: Any, token: Any) -> None:
            await server.emit("hello", token.subject, to=sid)

        @server.event
        @jwt.allow(scopes="orders:write")
        async def order(sid: str, token: Any, number: int) -> dict[str, Any]:
            return {"by": token.subject, "number": number}

        @server.on("connect", namespace="/open")
        @jwt.connect(namespace="/open", optional=True)
        async def connect_open(sid: str, environ: Any, token: Any) -> None:
            await server.emit("hello", token.subject if token else "nobody", to=sid, namespace="/open")

        @server.on("order", namespace="/open")
        @jwt.allow(namespace="/open")
        async def order_open(sid: str, token: Any) -> dict[str, Any]:
            return {"by": token.subject}

        with serve(socketio.ASGIApp(server)) as url:
            yield url, issuer


class Client:
    """A client that keeps what it was told."""

    def __init__(self, namespace: str = "/") -> None:
        self.client = need_module("socketio").AsyncClient(reconnection=False)
        self.namespace = namespace
        self.told: asyncio.Queue[Any] = asyncio.Queue()
        for event in ("hello", "connect_error", "disconnect"):
            self.client.on(event, self.noting(event), namespace=namespace)

    def noting(self, event: str) -> Any:
        """A handler that keeps the event."""

        async def note(*data: Any) -> None:
            await self.told.put((event, *data))

        return note

    async def connect(self, url: str, **options: Any) -> Any:
        """The first thing that the server says."""
        try:
            await self.client.connect(url, namespaces=[self.namespace], wait_timeout=PATIENCE, **options)
        except need_module("socketio.exceptions").ConnectionError:
            pass
        return await asyncio.wait_for(self.told.get(), PATIENCE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.client.shutdown()
        if self.client.eio.http is not None:  # it leaves the session of a refused connection open
            await self.client.eio.http.close()

    async def order(self, *data: Any) -> Any:
        """The acknowledgement of an event."""
        return await self.client.call("order", *data, namespace=self.namespace, timeout=PATIENCE)


async def test_a_good_token_connects(served: tuple[str, FakeIssuer]) -> None:
    """In ``auth``, as browsers send it, or in the handshake's header; events know the sender, and may ask for more."""
    url, issuer = served
    for options in (
        {"auth": {"token": issuer.token(sub="u1", scope="orders:write")}},
        {"headers": issuer.headers(sub="u1", scope="orders:write")},
    ):
        async with Client() as client:
            assert await client.connect(url, **options) == ("hello", "u1")
            assert await client.order(7) == {"by": "u1", "number": 7}


async def test_an_event_may_ask_for_more(served: tuple[str, FakeIssuer]) -> None:
    """A client whose token lacks the scope stays connected, and is told."""
    url, issuer = served
    async with Client() as client:
        assert await client.connect(url, auth={"token": issuer.token(sub="u1")}) == ("hello", "u1")
        assert (await client.order(7))["error"] == "insufficient_scope"


BAD: dict[str, Any] = {
    "nothing": lambda issuer: {},
    "no dict": lambda issuer: {"auth": [issuer.token()]},
    "an empty dict": lambda issuer: {"auth": {}},
    "an empty token": lambda issuer: {"auth": {"token": ""}},
    "a number": lambda issuer: {"auth": {"token": 7}},
    "null": lambda issuer: {"auth": {"token": None}},
    "a dict": lambda issuer: {"auth": {"token": {"a": issuer.token()}}},
    "two lines": lambda issuer: {"auth": {"token": issuer.token() + "\r\nX: y"}},
    "an expired token": lambda issuer: {"auth": {"token": issuer.token(expires_in=-100)}},
    "another issuer's token": lambda issuer: {"auth": {"token": FakeIssuer().token()}},
    "two tokens": lambda issuer: {"auth": {"token": issuer.token()}, "headers": issuer.headers()},
}


@pytest.mark.parametrize("way", BAD)
async def test_a_bad_token_is_refused(served: tuple[str, FakeIssuer], way: str) -> None:
    """Whatever its shape; the client is told why, in constants."""
    url, issuer = served
    async with Client() as client:
        told = await client.connect(url, **BAD[way](issuer))
    assert told[0] == "connect_error"
    assert told[1]["data"]["status"] in (400, 401)
    assert told[1]["message"] == told[1]["data"]["error_description"]


async def test_a_connection_ends_with_its_token(served: tuple[str, FakeIssuer]) -> None:
    """One that has expired, within the leeway, connects and is cut off; its events are refused meanwhile."""
    url, issuer = served
    async with Client() as client:
        token = issuer.token(sub="u1", scope="orders:write", expires_in=-5)
        assert await client.connect(url, auth={"token": token}) == ("hello", "u1")
        assert await client.order(7) == {"error": "missing_token"}
        event, *_ = await asyncio.wait_for(client.told.get(), PATIENCE)
        assert event == "disconnect"


async def test_an_optional_namespace(served: tuple[str, FakeIssuer]) -> None:
    """Nobody may connect, but not with a bad token; an event that asks for a token refuses nobody."""
    url, issuer = served
    async with Client("/open") as client:
        assert await client.connect(url) == ("hello", "nobody")
        assert await client.order() == {"error": "missing_token"}
    async with Client("/open") as client:
        assert await client.connect(url, auth={"token": issuer.token(sub="u1")}) == ("hello", "u1")
        assert await client.order() == {"by": "u1"}
    async with Client("/open") as client:
        assert (await client.connect(url, auth={"token": "x"}))[0] == "connect_error"


def test_the_example_runs() -> None:
    """It makes an app."""
    need_module("socketio")
    assert "app" in Page("socketio").used()
