"""The edges of ``trust_fake_issuer``: shared objects, odd settings, parts of frameworks that have moved."""

from __future__ import annotations

import functools
import subprocess
import sys
from typing import Any

import httpx2 as httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from jwks_auth import ConfigurationError, Issuer, Tenants, TokenVerifier
from jwks_auth.testing import FakeIssuer, Trust, hostile_tokens, trusted_issuer, with_token
from jwks_auth_fastapi import JWTBearer, OpenAPISettings
from jwks_auth_fastapi.internals import Reading
from jwks_auth_fastapi.reach import reached
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt
from jwks_auth_fastapi.testing import trust_fake_issuer
from tests.patience import PATIENCE
from tests.seams.trusted_apps import NAME, SHOPS

READER: dict[str, Any] = {"sub": "u1", "scopes": ["orders:read"]}


def status(app: Any, issuer: FakeIssuer, path: str = "/orders", **claims: Any) -> int:
    """The status of a request."""
    return TestClient(app).get(path, headers=issuer.headers(**claims)).status_code


def test_siblings_with_issuers_of_their_own() -> None:
    """Each keeps its name and audience; an issuer that one of them names replaces none."""
    first = JWTBearer(issuer=NAME, audience="orders")
    second = JWTBearer(
        issuer="https://b.example/", audience="bills", openapi=OpenAPISettings(scheme_name="B")
    )
    app = FastAPI()
    app.add_api_route("/first", lambda: {}, dependencies=[Depends(first)])
    app.add_api_route("/second", lambda: {}, dependencies=[Depends(second)])
    for given in (None, FakeIssuer("https://b.example/")):
        with trust_fake_issuer(app, given) as issuer:
            assert status(app, issuer, "/first", iss=NAME) == 200
            assert status(app, issuer, "/second", iss="https://b.example/") == 200
            assert status(app, issuer, "/second", iss=NAME) == 401
    with trust_fake_issuer(app, FakeIssuer("https://other.example/")) as issuer:
        assert status(app, issuer, "/second", aud="bills") == 200


def test_a_resource_of_the_test() -> None:
    """It is the audience, in place of the app's own resource."""
    shop = SHOPS["fastapi"](AUDIENCE=None, RESOURCE="https://a.example/")
    with shop.trust(shop.app, RESOURCE="https://b.example/") as issuer:
        assert issuer.audience == "https://b.example/"
        assert status(shop.app, issuer, **READER) == 200


def test_settings_of_the_answer_beside_a_verifier() -> None:
    """They may be replaced, and tenants of such a verifier are trusted."""
    tenants = Tenants(lambda name: Issuer(name), hosts=["t.example"])
    verifier = TokenVerifier([NAME], "orders", tenants=tenants)
    nothing = dict.fromkeys(("ISSUER", "AUDIENCE", "SESSION", "ALLOW_FAKE_ISSUER"))
    shop = SHOPS["fastapi"](**nothing, VERIFIER=verifier)
    with shop.trust(shop.app, REALM="tests") as issuer:
        assert status(shop.app, issuer, **READER) == 200
        assert status(shop.app, issuer, **READER, iss="https://t.example/a") == 200
        assert 'realm="tests"' in TestClient(shop.app).get("/orders").headers["WWW-Authenticate"]


def test_bearers_that_share_a_verifier() -> None:
    """It is changed once, and its own again after the block; other code that holds it sees both."""
    verifier = TokenVerifier([NAME], "orders")
    first = JWTBearer(verifier)
    second = JWTBearer(verifier, openapi=OpenAPISettings(scheme_name="Second"))
    third = JWTBearer(first.authenticator, openapi=OpenAPISettings(scheme_name="Third"))
    app = FastAPI()
    for name, auth in {"first": first, "second": second, "third": third}.items():
        app.add_api_route(f"/{name}", lambda: {}, dependencies=[Depends(auth)])
    before = vars(verifier)
    with trust_fake_issuer(app) as issuer:
        assert [status(app, issuer, f"/{name}") for name in ("first", "second", "third")] == [200] * 3
        assert vars(verifier) is not before
    assert vars(verifier) is before


def test_a_bearer_without_settings_and_an_issuer_of_one_s_own() -> None:
    """The test's issuer is trusted, and the environment is not missed."""
    auth, app = JWTBearer(), FastAPI()
    app.add_api_route("/orders", lambda: {}, dependencies=[Depends(auth)])
    with trust_fake_issuer(app, FakeIssuer("https://mine.example/")) as issuer:
        assert status(app, issuer) == 200
    with trust_fake_issuer(auth, audience="bills") as issuer:
        assert status(app, issuer, aud="bills") == 200


def test_what_is_made_within_the_block() -> None:
    """A service that would fetch keys, of tenants too, trusts the issuer; one with its keys at hand keeps them."""
    shop = SHOPS["fastapi"]()
    own = FakeIssuer("https://own.example/")
    tenants = Tenants(lambda name: Issuer(name), hosts=["t.example"])
    with shop.trust(shop.app) as issuer:
        made = JWTBearer({"TENANTS": tenants, "AUDIENCE": "orders"}, openapi=OpenAPISettings(scheme_name="T"))
        kept = JWTBearer(own.settings())
        token = issuer.token(iss="https://t.example/a")
        assert made.authenticator.verifier.issuers == ()
        assert made.authenticator.verify(raw(token)).subject == "user"
        assert kept.authenticator.verify(raw(own.token())).issuer == own.issuer
    assert made.authenticator.settings.shared["TENANTS"] is tenants


def raw(token: str) -> Any:
    """A token as adapters hand it over."""
    from jwks_auth.adapters import RawToken

    return RawToken(token)


def test_attack_an_issuer_of_another_kind() -> None:
    """A URL is no issuer, and a trust without anybody has none."""
    with pytest.raises(ConfigurationError, match="expected a FakeIssuer"):
        Trust(NAME, {})  # type: ignore[arg-type]
    with Trust(None, {}) as trust, pytest.raises(ConfigurationError, match="nothing was found"):
        trust.trusted
    with (
        pytest.raises(ConfigurationError, match="REQUIRED"),
        SHOPS["flask"]().trust((shop := SHOPS["flask"]()).app, REQUIRED=True),
    ):
        assert shop is None


def test_attack_the_kit_in_production_is_loud() -> None:
    """Its import does nothing; a block outside of tests leaves a warning in the log."""
    program = (
        "import jwks_auth_fastapi.testing as kit, sys\n"
        "assert 'pytest' not in sys.modules\n"
        "from jwks_auth_fastapi.starlette import JWTAuthenticationBackend as B\n"
        "b = B({'ISSUER': 'https://id.example/', 'AUDIENCE': 'api'})\n"
        "before = dict(vars(b.authenticator))\n"
        "with kit.trust_fake_issuer(b): pass\n"
        "assert vars(b.authenticator) == before\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE * 4, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "a fake issuer is trusted, and no tests seem to run" in ran.stderr


def test_a_trust_is_told_where_no_tests_seem_to_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Once per block, in the log; never among tests."""
    trusted = Trust(FakeIssuer(NAME), {})
    with trusted:
        assert caplog.messages == []
    with monkeypatch.context() as patched:
        for name in ("pytest", "unittest"):
            patched.delitem(sys.modules, name, raising=False)
        trusted.__enter__()
    trusted.__exit__(None, None, None)
    assert caplog.messages == ["trust_fake_issuer: a fake issuer is trusted, and no tests seem to run"]


def test_bearers_in_odd_places() -> None:
    """A partial, a bound method, a subclass of a route, and a name that only a function has."""
    auth = JWTBearer(issuer=NAME, audience="orders")
    backend = JWTAuthenticationBackend({"ISSUER": NAME, "AUDIENCE": "orders"})

    @require_jwt(backend=backend)
    async def guarded(request: Request) -> JSONResponse:
        return JSONResponse({})

    for call in (functools.partial(guarded), auth.health, guarded):
        assert len(reached(Starlette(routes=[Route("/", call)]))) == 1  # type: ignore[arg-type]
    assert reached(auth.authenticator) == [auth.authenticator]
    assert reached(None) == []


KNOWN = JWTBearer(issuer=NAME, audience="orders")
SAME = KNOWN.optional


async def by_hand(request: Request) -> JSONResponse:
    """Ask a bearer and a variant of it, which only the module names."""
    return JSONResponse({"sub": [str(await KNOWN(request)), str(await SAME(request))]})


def test_a_bearer_that_a_module_names_is_found_once() -> None:
    """Its service is trusted once, though its variant has it too."""
    assert len(reached(Starlette(routes=[Route("/", by_hand)]))) == 1


def test_parts_of_fastapi_that_have_moved() -> None:
    """What can still be read counts; the rest has to be handed over."""

    def moved(name: str) -> Any:
        raise ImportError(name)

    auth, app, router = JWTBearer(issuer=NAME, audience="orders"), FastAPI(lifespan=None), APIRouter()

    router.add_api_route("/orders", lambda: {}, dependencies=[Depends(auth)])
    app.include_router(router)
    reached(app, Reading(moved))
    route = APIRoute("/orders", lambda: {}, dependencies=[Depends(auth)])
    assert reached(route) == [auth.service]
    del route.dependant
    assert reached(route) == []


async def test_clients_with_cookies_and_blocks() -> None:
    """A token in a cookie stands beside the client's own; an async client may be opened through its twin."""
    shop = SHOPS["fastapi"](TOKEN_SOURCES=["cookie:session"])
    with shop.trust(shop.app):
        client = TestClient(shop.app, cookies={"theme": "dark"})
        assert with_token(client, **READER).get("/orders").status_code == 200
        transport = httpx.ASGITransport(shop.app)
        async with with_token(httpx.AsyncClient(transport=transport, base_url="http://x"), **READER) as known:
            assert (await known.get("/orders")).status_code == 200
    assert trusted_issuer() is None


def test_hostile_audiences_are_never_the_services_own() -> None:
    """Where it has no letters, another case of it is the same."""
    issuer = FakeIssuer()
    names = [name for name in hostile_tokens(issuer, aud="42") if name.startswith("aud '")]
    assert "aud '42'" not in names
    assert "aud 'API'" in hostile_tokens(issuer, aud="api")


def test_hostile_tokens_of_a_service_without_an_audience() -> None:
    """Tokens that have none are not for somebody else."""
    names = hostile_tokens(FakeIssuer(), aud=None)
    assert not [name for name in names if name.startswith("aud")]
