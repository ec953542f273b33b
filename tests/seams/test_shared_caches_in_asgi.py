"""Answers of FastAPI and Starlette that reach a shared cache past every dependency: own, streamed, raised, sockets."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, HTTPException, Security, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.security import SecurityScopes
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient, WebSocketDenialResponse

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend
from jwks_auth_fastapi.starlette import require_jwt as in_starlette

PUBLIC = {"Cache-Control": "public, max-age=60, s-maxage=600"}
PRIVATE = "private, max-age=60"


def fastapi_client(issuer: FakeIssuer) -> TestClient:
    """Routes that answer in every way there is."""
    auth = JWTBearer(issuer.settings(), websocket_subprotocol=True)
    app = FastAPI()
    guard = [Security(auth)]

    def number(n: int) -> None:
        """Refuse what is no number."""

    def bug() -> None:
        raise LookupError

    def raising() -> None:
        raise HTTPException(409, headers=PUBLIC)

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept("bearer")
        await websocket.close()

    app.add_api_route("/dict", lambda: {}, dependencies=guard)
    app.add_api_route("/own", lambda: PlainTextResponse("x", headers=PUBLIC), dependencies=guard)
    app.add_api_route("/stream", lambda: StreamingResponse(iter([b"x"]), headers=PUBLIC), dependencies=guard)
    app.add_api_route("/raises", raising, dependencies=guard)
    app.add_api_route("/invalid", number, dependencies=guard)
    app.add_api_route("/bug", bug, dependencies=guard)
    app.add_api_route("/open", lambda: PlainTextResponse("x", headers=PUBLIC))
    app.add_api_websocket_route("/socket", socket, dependencies=guard)
    return TestClient(app, raise_server_exceptions=False)


FASTAPI = [
    ("/dict", 200, None),
    ("/own", 200, PRIVATE),
    ("/stream", 200, PRIVATE),
    ("/raises", 409, PRIVATE),
    ("/invalid", 422, None),
    ("/bug", 500, None),
]


@pytest.mark.parametrize(("path", "status", "caching"), FASTAPI)
def test_fastapi_s_own_responses_are_not_for_everybody(
    issuer: FakeIssuer, path: str, status: int, caching: str | None
) -> None:
    """From the first request on, though they pass no dependency on their way out; an open route is left alone."""
    client = fastapi_client(issuer)
    for _ in range(2):
        answer = client.get(path, headers=issuer.headers())
        headers = answer.headers
        assert (answer.status_code, headers["vary"], headers.get("cache-control")) == (
            status,
            "Authorization",
            caching,
        )
    assert client.get(path).headers["vary"] == "Authorization"
    left = client.get("/open", headers=issuer.headers()).headers
    assert ("vary" in left, left["cache-control"]) == (False, PUBLIC["Cache-Control"])


def test_a_websocket_s_handshake_depends_on_both_places_of_its_token(issuer: FakeIssuer) -> None:
    """Accepted and denied."""
    client, names = fastapi_client(issuer), "Authorization, Sec-WebSocket-Protocol"
    with client.websocket_connect("/socket", subprotocols=["bearer", issuer.token()]) as accepted:
        assert dict(accepted.extra_headers or ())[b"vary"].decode() == names
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/socket"):
        pass
    assert denied.value.headers["vary"] == names


def starlette_client(issuer: FakeIssuer, *, middleware: bool = True) -> TestClient:
    """Endpoints of every kind."""
    backend = JWTAuthenticationBackend(issuer.settings())
    guard = in_starlette() if middleware else in_starlette(backend=backend)

    def page(request: Request) -> Response:
        return PlainTextResponse("x", headers=PUBLIC)

    async def raising(request: Request) -> Response:
        raise HTTPException(409, headers=PUBLIC)

    class ByMethod(HTTPEndpoint):
        @guard
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("x", headers=PUBLIC)

        @guard
        async def post(self, request: Request) -> Response:
            raise HTTPException(409, headers=PUBLIC)

    class Whole(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("x", headers=PUBLIC)

    routes = [
        Route("/function", guard(page)),
        Route("/raises", guard(raising)),
        Route("/methods", ByMethod),
        Route("/class", guard(Whole)),
        Route("/requires", requires("authenticated")(page)),
    ]
    around = [Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)]
    return TestClient(Starlette(routes=routes, middleware=around if middleware else []))


@pytest.mark.parametrize("middleware", [True, False])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/function"), ("GET", "/raises"), ("GET", "/methods"), ("POST", "/methods"), ("GET", "/class")],
)
def test_starlette_s_endpoints_are_not_for_everybody(
    issuer: FakeIssuer, method: str, path: str, middleware: bool
) -> None:
    """Functions, methods, classes, and what they raise; from the first request on."""
    client = starlette_client(issuer, middleware=middleware)
    answer = client.request(method, path, headers=issuer.headers())
    assert (answer.headers["vary"], answer.headers["cache-control"]) == ("Authorization", PRIVATE)
    assert client.request(method, path).headers["vary"] == "Authorization"


def test_starlette_s_own_requires_is_not_for_everybody(issuer: FakeIssuer) -> None:
    """The middleware is enough, with a token and without."""
    client = starlette_client(issuer)
    answer = client.get("/requires", headers=issuer.headers())
    assert (answer.status_code, answer.headers["cache-control"]) == (200, PRIVATE)
    assert [client.get("/requires", headers=h).headers["vary"] for h in ({}, issuer.headers())] == [
        "Authorization"
    ] * 2


def test_an_asgi_app_behind_the_guard_is_not_for_everybody(issuer: FakeIssuer) -> None:
    """Whatever framework it is of, with nothing of Starlette's around it."""
    backend = JWTAuthenticationBackend(issuer.settings())
    client = TestClient(in_starlette(backend=backend)(JSONResponse({}, headers=PUBLIC)))
    answer = client.get("/", headers=issuer.headers())
    assert (answer.headers["vary"], answer.headers["cache-control"]) == ("Authorization", PRIVATE)
    assert client.get("/").headers["vary"] == "Authorization"


async def test_a_connection_that_sends_nothing_is_judged_all_the_same(issuer: FakeIssuer) -> None:
    """A dependency called with headers alone, as in a test of one's own: there is no answer to finish."""
    raw = issuer.headers(sub="u1")["Authorization"].encode()
    scope = {"type": "http", "path": "/", "headers": [(b"authorization", raw)]}
    token = await JWTBearer(issuer.settings())(HTTPConnection(scope), SecurityScopes())
    assert token.subject == "u1"


def test_answers_behind_two_backends_are_finished_for_both() -> None:
    """Each middleware is found by the backend that it asks, whichever stands outside."""
    inner, outer = FakeIssuer(), FakeIssuer("https://other.example/")
    backends = [JWTAuthenticationBackend(issuer.settings()) for issuer in (outer, inner)]
    around = [Middleware(AuthenticationMiddleware, backend=each, on_error=each.on_error) for each in backends]

    async def own(request: Request) -> Response:
        return PlainTextResponse("x", headers=PUBLIC)

    client = TestClient(Starlette(routes=[Route("/", own)], middleware=around))
    assert client.get("/").headers["vary"] == "Authorization"
    refused = client.get("/", headers=inner.headers())
    assert (refused.status_code, refused.headers["vary"]) == (401, "Authorization")
