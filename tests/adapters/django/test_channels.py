"""WebSockets in Channels: refused before accept, signed in by header or subprotocol, closed at ``exp``."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.testing import WebsocketCommunicator
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.urls import path
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from example_projects.demo.servers import AppServer
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.channels import JWTAuthMiddleware
from jwks_auth_django.signals import token_rejected, token_verified
from tests.asgi import serve
from tests.needs import need_module
from tests.patience import PATIENCE

BAD = [(b"authorization", b"Bearer nonsense")]


class Echo(AsyncWebsocketConsumer):
    """Says who is there, then repeats what it hears."""

    async def connect(self) -> None:
        """Accept, and say who."""
        await self.accept()
        token = self.scope["token"]
        who = {"user": str(self.scope["user"]), "sub": None if token is None else token.subject}
        await self.send(json.dumps(who))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Repeat."""
        await self.send(text_data)

    async def disconnect(self, code: int) -> None:
        """Tell the test."""
        self.scope["ended"].append(code) if "ended" in self.scope else None


class SyncEcho(WebsocketConsumer):
    """The same, in a thread."""

    def connect(self) -> None:
        """Accept, and say who."""
        self.accept()
        token = self.scope["token"]
        self.send(
            json.dumps({"user": str(self.scope["user"]), "sub": None if token is None else token.subject})
        )


def app_of(consumer: Any = Echo, **asked: Any) -> Any:
    """The project's ASGI application."""
    routes = URLRouter([path("ws", consumer.as_asgi())])
    return ProtocolTypeRouter({"websocket": JWTAuthMiddleware(routes, **asked)})


def sent(issuer: FakeIssuer, **claims: Any) -> list[tuple[bytes, bytes]]:
    """The header with a token."""
    return [(b"authorization", issuer.headers(**claims)["Authorization"].encode())]


async def who(app: Any, headers: Any = (), subprotocols: Any = None, **scope: Any) -> Any:
    """Whom the application sees, and the subprotocol it chose; a number if it refuses."""
    client = WebsocketCommunicator(app, "/ws", headers=list(headers), subprotocols=subprotocols)
    client.scope.update(scope)
    connected, detail = await client.connect()
    if not connected:
        return detail
    told = json.loads(await client.receive_from())
    await client.disconnect()
    return told, detail


@pytest.mark.parametrize("consumer", [Echo, SyncEcho])
async def test_user_and_token_are_in_the_scope(project: Any, issuer: FakeIssuer, consumer: Any) -> None:
    """Of the token; without one ``None``, and nobody."""
    project()
    assert await who(app_of(consumer), sent(issuer, sub="u1")) == ({"user": "u1", "sub": "u1"}, None)
    assert await who(app_of(consumer)) == ({"user": "AnonymousUser", "sub": None}, None)


@pytest.mark.parametrize("middleware", [[], ["django.middleware.csrf.CsrfViewMiddleware"]])
async def test_a_cookie_that_another_sites_page_sends_is_refused(
    project: Any, issuer: FakeIssuer, middleware: list[str]
) -> None:
    """Also where Django protects forms: no CSRF token comes with a WebSocket. The service's own pages pass."""
    project(TOKEN_SOURCES=["cookie:session"], COOKIE_ORIGINS=["https://app.acme.dev"], MIDDLEWARE=middleware)
    cookie = (b"cookie", f"session={issuer.token(sub='u1')}".encode())
    for name, value, expected in (
        (b"sec-fetch-site", b"cross-site", 403),
        (b"origin", b"https://evil.example", 403),
        (b"sec-fetch-site", b"same-origin", "accepted"),
        (b"origin", b"https://app.acme.dev", "accepted"),
        (b"accept", b"*/*", "accepted"),
    ):
        assert await status(app_of(), headers=[cookie, (name, value)]) == expected


async def test_a_session_s_user_stays_where_no_token_is_sent(project: Any, issuer: FakeIssuer) -> None:
    """``AuthMiddlewareStack`` may stand around ours; a token comes first."""
    project()
    assert (await who(app_of(), user="of the session"))[0]["user"] == "of the session"
    assert (await who(app_of(), sent(issuer, sub="u1"), user="of the session"))[0]["user"] == "u1"


async def test_a_subprotocol_carries_the_token(project: Any, issuer: FakeIssuer) -> None:
    """Browsers can set no header; ``bearer`` is accepted for a consumer that names none, never the token."""
    project()
    for offered in (["bearer", issuer.token(sub="u1")], ["chat", "Bearer", issuer.token(sub="u1")]):
        told, accepted = await who(app_of(), subprotocols=offered)
        assert (told["sub"], accepted) == ("u1", "bearer")
    assert await who(app_of(), subprotocols=["chat"]) == ({"user": "AnonymousUser", "sub": None}, None)


async def test_a_consumer_s_own_subprotocol_stays(project: Any, issuer: FakeIssuer) -> None:
    """It may choose another that the client offered."""

    class Chat(Echo):
        async def connect(self) -> None:
            await self.accept("chat")
            await self.send(json.dumps({}))

    project()
    offered = ["bearer", issuer.token(), "chat"]
    assert await who(app_of(Chat), subprotocols=offered) == ({}, "chat")


@pytest.mark.parametrize(
    "options",
    [{"scopes": "chat"}, {"optional": False}, {"scopes": "chat", "optional": True}],
    ids=["scopes", "any token", "optional scopes"],
)
async def test_what_is_required(project: Any, issuer: FakeIssuer, options: Any) -> None:
    """With the options of ``require_jwt``."""
    project()
    app, optional = app_of(**options), options.get("optional", False)
    assert (await who(app) == 1008) is not optional
    assert (await who(app, sent(issuer)) == 1008) is ("scopes" in options)
    assert (await who(app, sent(issuer, scope="chat", sub="u1")))[0]["sub"] == "u1"


@contextmanager
def heard(signal: Any) -> Iterator[list[Any]]:
    """What a signal tells meanwhile."""
    told: list[Any] = []

    def listen(**kwargs: Any) -> None:
        told.append(kwargs)

    signal.connect(listen)
    yield told
    signal.disconnect(listen)


async def test_signals_are_sent_as_for_requests(project: Any, issuer: FakeIssuer) -> None:
    """Once a connection, with the handshake as Django's request."""
    project()
    with heard(token_verified) as verified, heard(token_rejected) as rejected:
        await who(app_of(), sent(issuer, sub="u1"))
        await who(app_of(), BAD)
    assert [(each["token"].subject, each["request"].path) for each in verified] == [("u1", "/ws")]
    assert isinstance(verified[0]["request"], HttpRequest)
    assert [each["code"] for each in rejected] == ["malformed"]


@pytest.mark.parametrize(
    "offered",
    [
        (["bearer"], 400),
        (["bearer", "nonsense"], 401),
        (["bearer", ""], 400),
        (["bearer", "TOKEN", "bearer", "TOKEN"], 400),
        (["x"] * 99 + ["bearer", "TOKEN"], 400),
    ],
    ids=["alone", "nonsense", "empty", "twice", "too many"],
)
@pytest.mark.parametrize("header", ["Authorization", "X-Token"])
async def test_bad_subprotocols_are_refused(
    project: Any, issuer: FakeIssuer, offered: tuple[list[str], int], header: str
) -> None:
    """As headers are: exactly one token, whatever header has them; never an error of the server's."""
    project(TOKEN_SOURCES=[f"header:{header}"])
    names = [issuer.token() if name == "TOKEN" else name for name in offered[0]]
    assert await status(app_of(), subprotocols=names) == offered[1]


async def test_a_token_in_two_places_is_refused(project: Any, issuer: FakeIssuer) -> None:
    """Header and subprotocol, or two headers, each good by itself."""
    project()
    both = {"headers": sent(issuer), "subprotocols": ["bearer", issuer.token()]}
    assert await status(app_of(), **both) == 400
    assert await status(app_of(), headers=[*sent(issuer), *sent(issuer)]) == 400


async def test_bytes_that_are_no_text_are_no_error(project: Any, issuer: FakeIssuer) -> None:
    """In the query, in headers."""
    project()
    odd = {"query_string": b"a=\xff\xfe&b=%ff", "headers": [*sent(issuer, sub="u1"), (b"x-odd", b"\xff")]}
    assert await status(app_of(), **odd) == "accepted"
    assert await status(app_of(), headers=[(b"authorization", b"Bearer \xff\xfe")]) in (400, 401)


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        (b"https://site.example", "accepted"),
        (b"https://evil.example", 403),
        (b"null", 403),
        (None, "accepted"),
    ],
    ids=["our own page", "another site", "a sandbox", "no browser"],
)
@pytest.mark.parametrize("csrf", [True, False], ids=["with CSRF protection", "without"])
async def test_a_cookie_of_another_site_s_page_opens_no_websocket(
    project: Any, issuer: FakeIssuer, origin: bytes | None, wanted: Any, csrf: bool
) -> None:
    """Browsers send cookies with any page's handshake, and the page reads what comes over it."""
    stack = ["django.middleware.csrf.CsrfViewMiddleware"] if csrf else []
    project(TOKEN_SOURCES=["header", "cookie:token"], MIDDLEWARE=stack)
    headers = [(b"host", b"site.example"), (b"cookie", f"token={issuer.token()}".encode())]
    headers += [] if origin is None else [(b"origin", origin)]
    assert await status(app_of(optional=False), headers=headers, scheme="wss") == wanted


async def status(app: Any, **scope: Any) -> Any:
    """The status of the answer that a server with the extension would send."""
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect" if not messages else "websocket.disconnect", "code": 1000}

    async def send(message: Any) -> None:
        messages.append(message)

    await app(
        {
            "type": "websocket",
            "path": "/ws",
            "query_string": b"",
            "headers": [],
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
            **scope,
        },
        receive,
        send,
    )
    return messages[0].get("status", "accepted")


SERVERS = ["websockets-sansio", "wsproto"]


@pytest.mark.parametrize("protocol", SERVERS)
async def test_refusals_on_real_sockets(project: Any, issuer: FakeIssuer, protocol: str) -> None:
    """401, 403, 400 and 503 before accept, with challenge and body, behind uvicorn."""
    project()
    cases: list[tuple[dict[str, str], int, str]] = [
        ({}, 401, "missing_token"),
        ({"Authorization": "Bearer nonsense"}, 401, "invalid_token"),
        (issuer.headers(), 403, "insufficient_scope"),
        ({"Authorization": "Bearer a b"}, 400, "invalid_request"),
    ]
    with serve(app_of(scopes="chat"), ws=protocol, lifespan="off") as url:
        for headers, wanted, error in cases:
            with pytest.raises(InvalidStatus) as denied:
                await connect(url.replace("http", "ws") + "/ws", additional_headers=headers, proxy=None)
            response = denied.value.response
            assert (response.status_code, json.loads(response.body)["error"]) == (wanted, error)
            if wanted != 400:
                assert response.headers["www-authenticate"].startswith('Bearer realm="api"')


@pytest.mark.parametrize("protocol", SERVERS)
async def test_a_connection_on_real_sockets_ends_with_its_token(
    project: Any, issuer: FakeIssuer, protocol: str
) -> None:
    """By subprotocol, as from a browser: it talks until ``exp``, then 1008 and the reason."""
    project()
    expires = int(time.time()) + 300
    passing = Clock(expires)
    with serve(app_of(clock=passing), ws=protocol, lifespan="off") as url:
        offered: Any = ["bearer", issuer.token(sub="u1", exp=expires)]
        async with connect(url.replace("http", "ws") + "/ws", subprotocols=offered, proxy=None) as socket:
            assert json.loads(await socket.recv())["sub"] == "u1"
            assert socket.subprotocol == "bearer"
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(socket.recv(), PATIENCE)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "The access token has expired")


class Clock:
    """A clock that stands shortly before a token expires: long enough to connect."""

    def __init__(self, expires: float, before: float = 1.0) -> None:
        self.time = expires - before

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.time


async def test_daphne_refuses_and_closes_too() -> None:
    """Channels' own server can send no answer before accept, and no 1008: a plain 403, and 3000 (Unauthorized)."""
    with FakeIssuer.serve() as issuer, daphne(issuer) as server:
        url = server.url.replace("http", "ws") + "/ws"
        for headers in ({}, {"Authorization": "Bearer nonsense"}, issuer.headers()):
            with pytest.raises(InvalidStatus) as denied:
                await connect(url, additional_headers=headers, proxy=None, open_timeout=PATIENCE)
            assert denied.value.response.status_code == 403
        async with connect(
            url, subprotocols=["bearer", issuer.token(sub="u1", scope="chat")], proxy=None
        ) as socket:
            assert (await socket.recv(), socket.subprotocol) == ("u1", "bearer")
        assert await code_at_the_end(url, issuer) == 3000


async def code_at_the_end(url: str, issuer: FakeIssuer) -> int | None:
    """The code with which a connection ends; a machine that is slow to connect gets a token that lasts longer."""
    for seconds in (2, 20, 200):
        headers = issuer.headers(expires_in=seconds, scope="chat")
        with suppress(InvalidStatus):
            async with connect(url, additional_headers=headers, proxy=None) as socket:
                assert await socket.recv() == "user"
                with pytest.raises(ConnectionClosed) as closed:
                    await asyncio.wait_for(socket.recv(), PATIENCE)
                return closed.value.rcvd.code if closed.value.rcvd else None
    return None


def daphne(issuer: FakeIssuer) -> AppServer:
    """Daphne, as its command starts it."""
    need_module("daphne")
    command = [sys.executable, "-m", "daphne", "--fd", "{fd}", "sockets:application"]
    return AppServer(
        "Daphne", command, Path(__file__).with_name("served"), {"JWKS_AUTH_ISSUER": issuer.issuer}
    )


async def test_a_consumer_is_told_of_the_end(project: Any, issuer: FakeIssuer) -> None:
    """Its ``disconnect`` runs, as if the client had gone, so that groups are left."""
    project()
    expires = int(time.time()) + 300
    codes: list[int] = []
    client = WebsocketCommunicator(app_of(clock=Clock(expires)), "/ws", headers=sent(issuer, exp=expires))
    client.scope["ended"] = codes
    await client.connect()
    await client.receive_from()
    message = await client.receive_output(timeout=PATIENCE)
    await client.wait()
    assert message == {
        "type": "websocket.close",
        "code": 1008,
        "reason": "The access token has expired",
    }
    assert codes == [1008]


async def test_a_busy_consumer_is_closed_too(project: Any, issuer: FakeIssuer) -> None:
    """It neither receives nor sends when the token expires; what it sends afterwards goes nowhere."""
    finished = asyncio.Event()

    class Busy(Echo):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await finished.wait()
            await self.send("too late")

    project()
    expires = int(time.time()) + 300
    codes: list[int] = []
    client = WebsocketCommunicator(
        app_of(Busy, clock=Clock(expires)), "/ws", headers=sent(issuer, exp=expires)
    )
    client.scope["ended"] = codes
    await client.connect()
    await client.receive_from()
    await client.send_to("work")
    assert (await client.receive_output(timeout=PATIENCE))["code"] == 1008
    finished.set()
    await client.wait()
    assert client.output_queue.empty()
    assert codes == [1008]


async def test_a_connection_may_end_before_its_token(project: Any, issuer: FakeIssuer) -> None:
    """By either side; nothing is closed twice, and no task is left."""

    class Brief(Echo):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await self.close(4000)

    project()
    before = asyncio.all_tasks()
    client = WebsocketCommunicator(app_of(Brief), "/ws", headers=sent(issuer))
    await client.connect()
    await client.receive_from()
    await client.send_to("bye")
    assert (await client.receive_output())["code"] == 4000
    await client.disconnect()
    assert (await who(app_of(), sent(issuer, sub="u1")))[0]["sub"] == "u1"
    assert asyncio.all_tasks() == before


async def test_a_token_without_an_end(project: Any, issuer: FakeIssuer) -> None:
    """One that a project's own verifier accepts lasts, and so does one of the far future."""
    project()
    assert (await who(app_of(), sent(issuer, sub="u1", exp=99_999_999_999)))[0]["sub"] == "u1"


async def test_a_client_that_has_gone_is_no_error(project: Any, issuer: FakeIssuer) -> None:
    """A server may say so when the connection is closed at ``exp``, before the consumer has heard of it."""
    tried: list[Any] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        tried.append(await receive())

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        tried.append(message["code"])
        raise ConnectionResetError

    project()
    expires = int(time.time()) + 300
    scope = {"type": "websocket", "path": "/ws", "headers": sent(issuer, exp=expires), "subprotocols": []}
    await JWTAuthMiddleware(inner, clock=Clock(expires, 0.01))(scope, receive, send)
    assert tried == [
        1008,
        {"type": "websocket.disconnect", "code": 1008, "reason": "The access token has expired"},
    ]


async def test_a_server_that_allows_no_1008_closes_with_3000(project: Any, issuer: FakeIssuer) -> None:
    """As Daphne, whose library raises an exception of no class of its own."""
    tried: list[Any] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        tried.append(message["code"])
        if message["code"] == 1008:
            raise Exception("invalid close code")

    project()
    expires = int(time.time()) + 300
    scope = {"type": "websocket", "path": "/ws", "headers": sent(issuer, exp=expires), "subprotocols": []}
    await JWTAuthMiddleware(inner, clock=Clock(expires, 0.01))(scope, receive, send)
    assert tried == [1008, 3000]


async def test_an_error_of_the_server_s_own_stays(project: Any, issuer: FakeIssuer) -> None:
    """A ``TimeoutError`` that is not ours passes."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    async def receive() -> Any:
        raise TimeoutError("the server's own")

    async def send(message: Any) -> None: ...

    project()
    scope = {"type": "websocket", "path": "/ws", "headers": sent(issuer), "subprotocols": []}
    with pytest.raises(TimeoutError, match="the server's own"):
        await JWTAuthMiddleware(inner)(scope, receive, send)


async def test_other_connections(project: Any) -> None:
    """Lifespan events pass; a request would be unguarded, so it is an error that says what to do."""
    seen: list[str] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    project()
    middleware: Any = JWTAuthMiddleware(inner)
    await middleware({"type": "lifespan"}, None, None)
    with pytest.raises(ImproperlyConfigured, match="JWTAuthenticationMiddleware"):
        await middleware({"type": "http"}, None, None)
    assert seen == ["lifespan"]


async def test_several_apis_are_told_apart(project: Any, issuer: FakeIssuer) -> None:
    """By the host of the handshake, or by the option; a host that Django refuses is refused here too."""
    project(APIS={"b.example": {"AUDIENCE": "b"}}, ALLOWED_HOSTS=["b.example", "a.example"], DEBUG=False)
    ours, theirs = sent(issuer), sent(issuer, aud="b", sub="b")
    at_b, at_a, nowhere = ([(b"host", each)] for each in (b"b.example:80", b"a.example", b"evil.test"))
    app = app_of(optional=False)
    assert (await who(app, [*theirs, *at_b]))[0]["sub"] == "b"
    assert isinstance(await who(app, [*ours, *at_b]), int)
    assert isinstance(await who(app, [*theirs, *at_a]), int)
    assert isinstance(await who(app, [*theirs, *nowhere]), int)
    assert (await who(app_of(api="b.example"), [*theirs, *at_a]))[0]["sub"] == "b"
