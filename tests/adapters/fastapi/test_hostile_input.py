"""Whatever a client sends, authentication answers 400, 401 or 403: never 422, never 500, never an exception."""

import asyncio
from functools import cache
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Security, WebSocket
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.routing import Route

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, VerifiedToken
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt

ISSUER = FakeIssuer()
AUTH = JWTBearer(ISSUER.settings(), websocket_subprotocol=True)
APP = FastAPI(openapi_url=None)


@APP.get("/")
async def route(token: Annotated[VerifiedToken[Any], Security(AUTH, scopes=["x"])]) -> None:
    """Guarded over HTTP."""


@APP.websocket("/")
async def talk(websocket: WebSocket, token: Annotated[VerifiedToken[Any], Depends(AUTH)]) -> None:
    """Guarded on a WebSocket."""
    await websocket.accept()


@require_jwt(scopes="x")
async def endpoint(request: Request) -> None:
    """Guarded in Starlette, behind its middleware."""


BACKEND = JWTAuthenticationBackend(AUTH.authenticator)
STARLETTE = Starlette(
    routes=[Route("/", endpoint)],
    middleware=[Middleware(AuthenticationMiddleware, backend=BACKEND, on_error=BACKEND.on_error)],
)


@cache
def token() -> str:
    """The good one."""
    return ISSUER.token(sub="u1", expires_in=86_400)


tokens = st.builds(token)  # when the test runs, not when it is collected
octets = tokens.map(str.encode)
signs = st.sampled_from([b"Bearer ", b"bearer ", b"Basic ", b",", b" ", b"=", b'"'])
pieces = signs | octets | octets.map(lambda raw: raw[:40])
values = st.lists(pieces | st.binary(max_size=20), max_size=4).map(b"".join)
names = st.just(b"authorization") | st.sampled_from([b"cookie", b"x-forwarded-for", b"content-type"])
headers = st.lists(st.tuples(names, values), max_size=4)
queries = values | octets.map(b"access_token=".__add__) | st.just(b"%ff&a=%00&=&&access_token")
subprotocols = st.lists(
    st.sampled_from(["bearer", "Bearer", "chat", ""]) | tokens | st.text(max_size=9), max_size=4
)


def answer(app: Any, scope: dict[str, Any]) -> Any:
    """The first message of the answer."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app({"path": "/", "root_path": "", **scope}, receive, send))
    return sent[0]


@pytest.mark.parametrize("app", [APP, STARLETTE], ids=["fastapi", "starlette"])
@given(sent=headers, query=queries)
def test_no_request_makes_422_or_500(app: Any, sent: list[tuple[bytes, bytes]], query: bytes) -> None:
    """Headers and queries of any bytes; the one good token lacks the scope."""
    started = answer(app, {"type": "http", "method": "GET", "headers": sent, "query_string": query})
    assert started["status"] in (400, 401, 403)
    challenges = [value for name, value in started["headers"] if name == b"www-authenticate"]
    assert len(challenges) == 1
    assert challenges[0].startswith(b'Bearer realm="api"')


@given(headers, subprotocols)
def test_no_handshake_makes_an_exception(sent: list[tuple[bytes, bytes]], offered: list[str]) -> None:
    """Subprotocols of any text; only a good token is let in."""
    scope = {"type": "websocket", "headers": sent, "query_string": b"", "subprotocols": offered}
    started = answer(APP, {**scope, "extensions": {"websocket.http.response": {}}})
    if started["type"] == "websocket.accept":
        assert token() in offered or any(token().encode() in value for _, value in sent)
    else:
        assert started["status"] in (400, 401)
