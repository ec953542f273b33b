"""Streams that end with their token, and ``token_of`` for whatever stands around a route."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from jwks_auth import VerifiedToken
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, Policy, token_of, until_expiry
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt
from tests.asgi import serve
from tests.patience import PATIENCE

ISSUER = FakeIssuer()
auth = JWTBearer(ISSUER.settings())
Token = Annotated[VerifiedToken[Any], Depends(auth)]


def ticking(clock: list[float]) -> Iterator[str]:
    """An item a second, by a clock of the test's."""
    while True:
        clock[0] += 1
        yield "data: tick\n\n"


async def aticking(clock: list[float]) -> AsyncIterator[str]:
    """The same, async."""
    for item in ticking(clock):
        yield item


@pytest.mark.parametrize("make", [ticking, aticking], ids=["sync", "async"])
def test_a_stream_ends_with_its_token(make: Any) -> None:
    """By a fake clock, through the test client."""
    app = FastAPI()

    @app.get("/events")
    def events(token: Token) -> Response:
        clock = [float(token.expires_at or 0) - 5]
        stream = until_expiry(token, make(clock), clock=lambda: clock[0])
        return StreamingResponse(stream, media_type="text/event-stream")

    answer = TestClient(app).get("/events", headers=ISSUER.headers())
    assert answer.text.count("tick") in (4, 5)


async def test_server_sent_events_end_at_exp_on_a_real_server() -> None:
    """A second before ``exp``, by the route's clock: the stream, which would wait for ever, then ends."""
    app = FastAPI()

    async def waiting() -> AsyncIterator[str]:
        yield "data: hello\n\n"
        await asyncio.Event().wait()

    @app.get("/events")
    async def events(token: Token) -> Response:
        stream = until_expiry(token, waiting(), clock=lambda: float(token.expires_at or 0) - 1)
        return StreamingResponse(stream, media_type="text/event-stream")

    headers = ISSUER.headers()
    with serve(app) as url:
        async with httpx2.AsyncClient(timeout=PATIENCE) as client:
            answer = await client.get(f"{url}/events", headers=headers)
    assert answer.text == "data: hello\n\n"


class AccessLog:
    """A middleware that notes whose request it was."""

    def __init__(self, app: ASGIApp, lines: list[Any]) -> None:
        self.app, self.lines = app, lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, then note."""
        await self.app(scope, receive, send)
        if scope["type"] == "http":
            token = token_of(Request(scope))
            self.lines.append(token and token.subject)


def test_token_of_in_middleware_handlers_and_routes() -> None:
    """The token where a guard has accepted one, also where a policy refuses it; ``None`` elsewhere."""
    app, lines = FastAPI(), list[Any]()
    app.add_middleware(AccessLog, lines=lines)
    seen: list[Any] = []

    async def around(request: Request, call_next: Any) -> Any:
        answer = await call_next(request)
        token = token_of(request)
        seen.append(token and token.subject)
        return answer

    app.add_middleware(BaseHTTPMiddleware, dispatch=around)

    @app.exception_handler(LookupError)
    def failed(request: Request, exc: LookupError) -> JSONResponse:
        token = token_of(request)
        return JSONResponse(token and token.subject, 404)

    @app.get("/me", dependencies=[Depends(auth)])
    def me(request: Request) -> Any:
        token = token_of(request)
        return token and token.subject

    @app.get("/lost", dependencies=[Depends(auth)])
    def lost() -> None:
        raise LookupError

    app.add_api_route("/admin", lambda: None, dependencies=[Depends(auth.requires(Policy(roles="a")))])
    app.add_api_route("/public", lambda request: None)
    client, headers = TestClient(Starlette(routes=[Mount("/v1", app)])), ISSUER.headers(sub="u1")
    assert client.get("/v1/me", headers=headers).json() == "u1"
    assert client.get("/v1/lost", headers=headers).json() == "u1"
    assert client.get("/v1/admin", headers=headers).status_code == 403
    client.get("/v1/public", headers=headers)
    client.get("/v1/me")
    client.get("/v1/me", headers=ISSUER.headers(sub="u1", expires_in=-60))
    assert lines == ["u1", "u1", "u1", None, None, None]
    app.dependency_overrides[auth] = auth.fake(sub="fake")
    assert client.get("/v1/me").json() == lines[-1] == "fake"
    assert seen[-1] == "fake"


def test_token_of_in_starlette() -> None:
    """Behind ``require_jwt``, in a middleware around it."""
    backend, lines = JWTAuthenticationBackend(ISSUER.settings()), list[Any]()

    @require_jwt(backend=backend)
    def me(request: Request) -> JSONResponse:
        token = token_of(request)
        return JSONResponse(token and token.subject)

    app = Starlette(routes=[Route("/me", me)], middleware=[Middleware(AccessLog, lines=lines)])
    assert TestClient(app).get("/me", headers=ISSUER.headers(sub="u1")).json() == "u1"
    TestClient(app).get("/me")
    assert lines == ["u1", None]
