"""``assert_refuses`` in projects' own tests: it passes what verifies, and fails what was written by hand."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import jwt
import pytest
from fastapi import FastAPI
from fastapi.security import SecurityScopes
from fastapi.testclient import TestClient
from flask import Flask, request
from starlette.websockets import WebSocket

from jwks_auth.testing import (
    FakeIssuer,
    aassert_refuses,
    assert_refuses,
    hostile_tokens,
    with_token,
)
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.testing import trust_fake_issuer as trust
from jwks_auth_flask import JWKSAuth, require_jwt
from jwks_auth_flask.testing import JWTClient, assert_protected, trust_fake_issuer
from tests.seams.trusted_apps import SHOPS

SCOPES = {"scopes": ["orders:read"]}

Judge = Callable[[FakeIssuer, str], dict[str, Any]]


def decoded(known: FakeIssuer, raw: str, /, **options: Any) -> dict[str, Any]:
    """PyJWT as many use it."""
    key: Any = known.key.public_pem()
    given: dict[str, Any] = {"algorithms": ["RS256"], "audience": "api", "issuer": known.issuer, **options}
    return jwt.decode(raw, key, **given)


def unverified(issuer: FakeIssuer, raw: str) -> dict[str, Any]:
    """No signature is looked at."""
    return decoded(issuer, raw, options={"verify_signature": False})


def unsigned_too(issuer: FakeIssuer, raw: str) -> dict[str, Any]:
    """The token says that it needs no signature."""
    if jwt.get_unverified_header(raw)["alg"].lower() == "none":
        return unverified(issuer, raw)
    return decoded(issuer, raw)


def confused(issuer: FakeIssuer, raw: str) -> dict[str, Any]:
    """The token says that the public key is a shared secret."""
    head, payload, signature = raw.split(".")
    if jwt.get_unverified_header(raw)["alg"] != "HS256":
        return decoded(issuer, raw)
    mac = hmac.new(issuer.key.public_pem(), f"{head}.{payload}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64encode(mac).rstrip(b"=").decode() == signature
    return unverified(issuer, raw)


def any_audience(issuer: FakeIssuer, raw: str) -> dict[str, Any]:
    """The token may be for another service."""
    return decoded(issuer, raw, audience=None, options={"verify_aud": False})


def any_issuer(issuer: FakeIssuer, raw: str) -> dict[str, Any]:
    """The token may be of another issuer."""
    return decoded(issuer, raw, issuer=None, options={"verify_iss": False})


def any_time(issuer: FakeIssuer, raw: str) -> dict[str, Any]:
    """The token may be old."""
    return decoded(issuer, raw, options={"verify_exp": False})


def brought_along(issuer: FakeIssuer, raw: str) -> dict[str, Any]:
    """The token brings its key along."""
    given = jwt.get_unverified_header(raw).get("jwk")
    if not isinstance(given, dict):
        return decoded(issuer, raw)
    return jwt.decode(raw, jwt.PyJWK(given).key, algorithms=["RS256"], audience="api", issuer=issuer.issuer)


SLOPPY: dict[Judge, str] = {
    unverified: "signature: ",
    unsigned_too: "alg 'none': without a signature",
    confused: "HS256 under the PEM",
    any_audience: "aud 'somebody-else'",
    any_issuer: "iss 'https://evil.example/'",
    any_time: "exp: an hour ago",
    brought_along: "jwk in the header",
}


def by_hand(judge: Judge, issuer: FakeIssuer) -> Flask:
    """An app that judges tokens itself."""
    app = Flask("by hand")

    @app.get("/orders")
    def orders() -> Any:
        try:
            raw = request.headers["Authorization"].removeprefix("Bearer ")
            return judge(issuer, raw)
        except Exception:  # noqa: BLE001 - as such apps are written
            return {}, 401

    return app


@pytest.mark.parametrize("judge", SLOPPY, ids=lambda judge: judge.__name__)
def test_attack_on_a_sloppy_app(judge: Judge) -> None:
    """The failure names the hostile tokens that were let through, and the answers."""
    issuer = FakeIssuer()
    with pytest.raises(AssertionError, match=r"GET /orders: .* of .* are not refused") as caught:
        assert_refuses(by_hand(judge, issuer).test_client(), "/orders", issuer=issuer)
    assert f"{SLOPPY[judge]}" in str(caught.value)
    assert ": 200" in str(caught.value)


@pytest.mark.parametrize("name", [name for name in SHOPS if "start-up" not in name])
def test_an_app_that_verifies(name: str) -> None:
    """Every hostile token is refused, and the trusted issuer needs no mention."""
    shop = SHOPS[name]()
    with shop.trust(shop.app):
        client = shop.app.test_client() if name == "flask" else TestClient(shop.app)
        assert_refuses(client, "/orders", **SCOPES)
        assert with_token(client, **SCOPES).get("/orders").status_code == 200
        assert client.get("/orders").status_code == 401


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "PS256"])
def test_other_algorithms(alg: str) -> None:
    """The issuer's own algorithm signs, and its own key is what is confused."""
    shop = SHOPS["flask"]()
    with shop.trust(shop.app, FakeIssuer(algorithms=[alg])):
        assert_refuses(shop.app.test_client(), "/orders", **SCOPES)


@pytest.mark.parametrize("source", ["header:X-Token", "cookie:session"])
@pytest.mark.parametrize("name", ["flask", "fastapi"])
def test_tokens_stand_where_the_app_looks_for_them(name: str, source: str) -> None:
    """In its first source."""
    shop = SHOPS[name](TOKEN_SOURCES=[source])
    with shop.trust(shop.app):
        client = shop.app.test_client() if name == "flask" else TestClient(shop.app)
        assert_refuses(client, "/orders", **SCOPES)
        assert with_token(client, **SCOPES).get("/orders").status_code == 200
        assert client.get("/orders").status_code == 401


async def test_httpx() -> None:
    """The async client of httpx, which is awaited; the sync check says so, and fails."""
    shop = SHOPS["fastapi"]()
    with shop.trust(shop.app):
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(shop.app), base_url="http://api"
        ) as client:
            await aassert_refuses(client, "/orders", **SCOPES)
            known = with_token(client, **SCOPES)
            assert (await known.get("/orders")).status_code == 200
            assert (await known.request("GET", "/orders")).status_code == 200
            with pytest.raises(TypeError, match="await aassert_refuses"):
                assert_refuses(client, "/orders", **SCOPES)
    with pytest.raises(LookupError, match="trust_fake_issuer"):
        await aassert_refuses(httpx.AsyncClient(), "/orders")


def test_httpx_on_wsgi() -> None:
    """The sync client of httpx, and proofs of a key through it."""
    shop = SHOPS["flask"](DPOP="accept")
    transport = httpx.WSGITransport(shop.app)
    with shop.trust(shop.app), httpx.Client(transport=transport, base_url="http://localhost") as client:
        assert_refuses(client, "/orders", **SCOPES)
        proving = with_token(client, dpop=True, **SCOPES)
        assert [proving.get("/orders").status_code for _ in range(2)] == [200, 200]
    with (
        shop.trust(shop.app),
        with_token(httpx.Client(transport=transport, base_url="http://x"), **SCOPES) as opened,
    ):
        assert opened.get("/orders").status_code == 200


def test_what_shows_nothing_fails() -> None:
    """A control that is refused, a route that is not there, and an open one."""
    shop = SHOPS["flask"]()
    shop.app.add_url_rule("/open", view_func=dict, endpoint="open")
    shop.app.add_url_rule("/down", view_func=lambda: ({}, 500), endpoint="down")
    with shop.trust(shop.app):
        client = shop.app.test_client()
        for path, told in (("/orders", "got 403"), ("/gone", "got 404"), ("/down", "got 500")):
            with pytest.raises(AssertionError, match=told):
                assert_refuses(client, path)
        with pytest.raises(AssertionError, match="no token: 200"):
            assert_refuses(client, "/open")
        with pytest.raises(AssertionError, match="got 405"):
            assert_refuses(client, "/orders", method="POST", **SCOPES)


@pytest.mark.parametrize("kind", ["coroutine", "future"])
def test_an_async_client_is_told_of_the_async_twin(kind: str) -> None:
    """Whatever there is to wait for, and nothing of it is left behind."""
    loop = asyncio.new_event_loop()

    class Client:
        def get(self, path: str, **options: Any) -> Any:
            return asyncio.sleep(0) if kind == "coroutine" else loop.create_future()

    with pytest.raises(TypeError, match="await aassert_refuses"):
        assert_refuses(Client(), "/orders", issuer=FakeIssuer())
    loop.close()


def test_what_a_service_takes_on_purpose() -> None:
    """An optional token, any audience, and a body that the route needs."""
    app = Flask("shop")
    app.config.from_mapping(JWKS_AUTH_ISSUER="https://id.example/", JWKS_AUTH_AUDIENCE="ANY_AUDIENCE")
    JWKSAuth(app)
    app.add_url_rule("/maybe", view_func=require_jwt(optional=True)(lambda: {}), endpoint="maybe")

    @app.post("/orders")
    @require_jwt
    def order() -> Any:
        return {"of": request.json}

    with trust_fake_issuer(app):
        client = app.test_client()
        with pytest.raises(AssertionError, match=r"no token: 200.*aud"):
            assert_refuses(client, "/maybe")
        assert_refuses(client, "/maybe", optional=True, accepted=["aud"])
        assert_refuses(client, "/orders", method="POST", request={"json": {}}, accepted=["aud"])


def test_a_client_of_one_s_own_keeps_its_kind() -> None:
    """``with_token`` of a client that has it is its own, and an issuer may be named."""
    shop = SHOPS["flask"]()
    with shop.trust(shop.app) as issuer:
        client = JWTClient(shop.app, shop.app.response_class, issuer=issuer)
        known = with_token(client, **SCOPES)
        assert isinstance(known, JWTClient)
        assert known.get("/orders").status_code == 200
        stranger = with_token(shop.app.test_client(), issuer=FakeIssuer(issuer.issuer), **SCOPES)
        assert stranger.get("/orders").status_code == 401
        sender = with_token(shop.app.test_client(), **SCOPES)
        assert sender.get("http://localhost/orders", headers={"Authorization": "Bearer x"}).status_code == 401
        assert sender.open("/orders", method="GET").status_code == 200
        assert sender.application is shop.app


def test_names_of_hostile_tokens_are_unique() -> None:
    """None hides another, and none is the good one."""
    issuer = FakeIssuer()
    tokens = hostile_tokens(issuer, sub="u1")
    assert len(tokens) > 150
    assert len({*tokens.values()}) == len(tokens)
    assert all(json.dumps(name) for name in tokens)


def test_assert_protected_of_flask() -> None:
    """It passes a closed app, and names each open route of another."""
    app = SHOPS["flask"]().app
    assert_protected(app)
    app.add_url_rule("/open", view_func=dict, endpoint="open")
    app.add_url_rule("/maybe", view_func=require_jwt(optional=True)(lambda: {}), endpoint="maybe")
    with pytest.raises(AssertionError, match=r"/maybe .*/open "):
        assert_protected(app)
    assert_protected(app, public=["/open", "/maybe"])
    with pytest.raises(AssertionError, match=r"no such routes: .*'/gone'"):
        assert_protected(app, public=["/open", "/maybe", "/gone"])
    with pytest.raises(AssertionError, match="no routes"):
        assert_protected(Flask("empty", static_folder=None))


def test_a_websocket_whose_endpoint_asks_by_hand() -> None:
    """Its bearer is found too, and a client with a token sends it."""
    auth, app = JWTBearer(issuer="https://id.example/", audience="orders"), FastAPI()

    @app.websocket("/ws")
    async def echo(socket: WebSocket) -> None:
        token = await auth(socket, SecurityScopes())
        await socket.accept()
        await socket.send_text(token.subject or "")

    with trust(app), with_token(TestClient(app), sub="u1").websocket_connect("/ws") as socket:
        assert socket.receive_text() == "u1"
