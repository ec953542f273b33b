"""WebSockets: refused before accept, signed in by subprotocol, closed when the token expires."""

import json
import time
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Depends, FastAPI, Security, WebSocket
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, VerifiedToken, install_error_handlers, until_expiry
from tests.asgi import serve

Token = VerifiedToken[Any]


def app_for(auth: JWTBearer[Any], **scopes: Any) -> FastAPI:
    """An echo that says who is there first."""
    app = FastAPI()

    @app.websocket("/ws")
    async def echo(websocket: WebSocket, token: Annotated[Token, Security(auth, **scopes)]) -> None:
        await websocket.accept("bearer" if websocket.scope["subprotocols"] else None)
        await websocket.send_text(str(token.subject))
        await websocket.close()

    return app


def refused(client: TestClient, **options: Any) -> WebSocketDenialResponse:
    """The answer in place of a connection."""
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/ws", **options):
        pass
    return denied.value


def test_a_good_token_connects(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """The route gets the token, as over HTTP."""
    client = TestClient(app_for(auth))
    with client.websocket_connect("/ws", headers=issuer.headers(sub="u1")) as socket:
        assert socket.receive_text() == "u1"


def test_refusals_are_answers_before_accept(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """401, 403 and 400 with their challenges, where the server can send a denial response."""
    client = TestClient(app_for(auth, scopes=["chat"]))
    missing, forbidden = refused(client), refused(client, headers=issuer.headers())
    twice = refused(client, headers=httpx2.Headers([("Authorization", "Bearer a.b.c")] * 2))
    assert [answer.status_code for answer in (missing, forbidden, twice)] == [401, 403, 400]
    assert missing.headers["www-authenticate"] == 'Bearer realm="api", scope="chat"'
    assert 'scope="chat"' in forbidden.headers["www-authenticate"]


@pytest.mark.parametrize("protocol", ["websockets-sansio", "wsproto"])
async def test_refusals_on_real_sockets(issuer: FakeIssuer, protocol: str) -> None:
    """What a client sees of uvicorn, with the body of the installed handler."""
    auth = JWTBearer(issuer.settings())
    app = app_for(auth, scopes=["chat"])
    install_error_handlers(app)
    with serve(app, ws=protocol) as url:
        for headers, status, error in [
            ({}, 401, "missing_token"),
            (issuer.headers(), 403, "insufficient_scope"),
        ]:
            with pytest.raises(InvalidStatus) as denied:
                await connect(url.replace("http", "ws") + "/ws", additional_headers=headers, proxy=None)
            response = denied.value.response
            assert (response.status_code, json.loads(response.body)["error"]) == (status, error)
            assert response.headers["www-authenticate"].startswith('Bearer realm="api"')


async def test_a_server_without_denial_responses_closes(auth: JWTBearer) -> None:
    """1008 before accept, which servers answer as 403."""
    scope = {
        "type": "websocket",
        "path": "/ws",
        "headers": [],
        "subprotocols": [],
        "query_string": b"",
        "asgi": {"version": "3.0"},
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app_for(auth)(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "missing_token"}]


def test_a_subprotocol_carries_the_token_where_that_is_asked_for(issuer: FakeIssuer) -> None:
    """Browsers can set no header; only ``bearer`` is echoed, never the token."""
    auth = JWTBearer(issuer.settings(), websocket_subprotocol=True)
    client = TestClient(app_for(auth))
    for offered in (["bearer", issuer.token(sub="u1")], ["chat", "Bearer", issuer.token(sub="u1")]):
        with client.websocket_connect("/ws", subprotocols=offered) as socket:
            assert socket.receive_text() == "u1"
            assert socket.accepted_subprotocol == "bearer"
    assert refused(client, subprotocols=["chat"]).status_code == 401


def test_a_subprotocol_is_no_credential_by_default(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """It is opt-in."""
    client = TestClient(app_for(auth))
    assert refused(client, subprotocols=["bearer", issuer.token()]).status_code == 401


def test_malformed_subprotocols_and_two_places_are_400(issuer: FakeIssuer) -> None:
    """As with headers: exactly one token, in one place."""
    auth = JWTBearer(issuer.settings(), websocket_subprotocol=True)
    client = TestClient(app_for(auth))
    raw = issuer.token()
    assert refused(client, subprotocols=["bearer"]).status_code == 400
    assert refused(client, subprotocols=["bearer", raw, "bearer", raw]).status_code == 400
    assert refused(client, subprotocols=["bearer", raw], headers=issuer.headers()).status_code == 400


def test_a_subprotocol_means_nothing_over_http(issuer: FakeIssuer) -> None:
    """A request is no WebSocket, whatever headers it has."""
    auth = JWTBearer(issuer.settings(), websocket_subprotocol=True)
    app = FastAPI()

    @app.get("/")
    def home(token: Annotated[Token, Depends(auth)]) -> None: ...

    header = {"Sec-WebSocket-Protocol": f"bearer, {issuer.token()}"}
    assert TestClient(app).get("/", headers=header).status_code == 401


def long_lived(auth: JWTBearer[Any], events: list[str], clock: Any) -> FastAPI:
    """A connection that lasts until somebody ends it."""
    app = FastAPI()

    @app.websocket("/ws")
    async def talk(websocket: WebSocket, token: Annotated[Token, Depends(auth)]) -> None:
        await websocket.accept()
        async with until_expiry(websocket, token, clock=clock):
            async for text in websocket.iter_text():
                await websocket.send_text(text)
            events.append("hung up")
        events.append("after")

    return app


def test_a_connection_ends_with_its_token(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """1008 and a reason at ``exp``; code after the block still runs."""
    events: list[str] = []
    expires = int(time.time()) + 300
    client = TestClient(long_lived(auth, events, lambda: expires - 0.1))
    with (
        client.websocket_connect("/ws", headers=issuer.headers(exp=expires)) as socket,
        pytest.raises(WebSocketDisconnect) as closed,
    ):
        socket.receive_text()
    assert (closed.value.code, closed.value.reason) == (1008, "The access token has expired")
    assert events == ["after"]


def test_a_connection_may_end_before_its_token(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """Then nothing is cancelled and nothing closed twice."""
    events: list[str] = []
    client = TestClient(long_lived(auth, events, time.time))
    with client.websocket_connect("/ws", headers=issuer.headers()) as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"
    assert events == ["hung up", "after"]


async def test_a_connection_already_closed_is_not_closed_again(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """The block may close it itself and go on; expiry then only ends the block."""
    import anyio

    closed: list[Any] = []

    async def send(message: Any) -> None:
        closed.append(message["type"])

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    websocket = WebSocket({"type": "websocket", "headers": []}, receive, send)
    await websocket.accept()
    token = auth.fake().token
    async with until_expiry(websocket, token, clock=lambda: token.expires_at - 0.05):
        await websocket.close()
        await anyio.sleep_forever()
    assert closed == ["websocket.accept", "websocket.close"]
