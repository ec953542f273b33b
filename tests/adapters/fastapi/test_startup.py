"""Lifespan and readiness."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI, Security
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.routing import Route

from jwks_auth import ConfigurationError, KeySourceError
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, RequestRejected, install_error_handlers


def test_construction_does_no_io(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """Nothing is asked of the issuer before the application starts."""
    FastAPI(lifespan=auth.lifespan).openapi()
    assert issuer.requests.total() == 0


def test_lifespan_fetches_the_keys_before_the_first_request() -> None:
    """The first request finds them."""
    with FakeIssuer.serve() as issuer:
        auth = JWTBearer(issuer.settings())
        with TestClient(FastAPI(lifespan=auth.lifespan)):
            assert issuer.requests[issuer.jwks_path] == 1


def test_lifespan_composes_with_the_users_own(issuer: FakeIssuer, auth: JWTBearer) -> None:
    """``async with auth.lifespan(app)`` inside another one."""
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with auth.lifespan(app):
            events.append("up")
            yield {"pool": 1}
        events.append("down")

    with TestClient(FastAPI(lifespan=lifespan)):
        assert events == ["up"]
    assert events == ["up", "down"]


def test_an_outage_does_not_stop_the_app(caplog: pytest.LogCaptureFixture) -> None:
    """It starts, says so once, and answers 503 until the issuer is back."""
    with FakeIssuer.serve() as issuer, issuer.outage(), caplog.at_level(logging.WARNING, "jwks_auth"):
        auth = JWTBearer({**issuer.settings(), "COOLDOWN_DURATION": 0})
        app = FastAPI(lifespan=auth.lifespan, dependencies=[Security(auth)])
        app.add_api_route("/", lambda: "hello")
        with TestClient(app) as client:
            assert [record.message for record in caplog.records if "start-up" in record.message]
            assert client.get("/", headers=issuer.headers()).status_code == 503


def test_an_outage_stops_the_app_if_asked() -> None:
    """``require_warm_up=True``."""
    with FakeIssuer.serve() as issuer, issuer.outage():
        auth = JWTBearer(issuer.settings(), require_warm_up=True)
        with pytest.raises(KeySourceError), TestClient(FastAPI(lifespan=auth.lifespan)):
            pass


def test_health_is_a_readiness_endpoint() -> None:
    """503 while there are no keys to be had, 200 once there are, in FastAPI and in Starlette."""
    with FakeIssuer.serve() as issuer:
        for kind in (FastAPI(), Starlette()):
            auth = JWTBearer(issuer.settings())
            kind.routes.append(Route("/ready", auth.health))
            client = TestClient(kind)
            with issuer.outage():
                before = client.get("/ready")
            assert (before.status_code, before.json()) == (503, {"status": "unavailable"})
            auth.authenticator.verifier.issuers[0].client.warm_up(refresh=True)
            after = client.get("/ready")
            assert (after.status_code, after.json()) == (200, {"status": "ok"})


def test_a_service_whose_issuer_was_down_gets_ready_without_any_request() -> None:
    """The load balancer sends none to a service that is not ready: the question itself has the keys fetched."""
    with FakeIssuer.serve() as issuer:
        auth = JWTBearer(issuer.settings())
        app = FastAPI()
        app.add_api_route("/ready", auth.health)
        assert TestClient(app).get("/ready").status_code == 200
        assert issuer.requests[issuer.jwks_path] == 1


@pytest.mark.parametrize("where", ["route", "router", "app", "parameter"])
def test_scopes_written_as_a_string_stop_the_app(auth: JWTBearer, where: str) -> None:
    """FastAPI takes ``scopes="orders:read"`` apart into characters, which nobody could ever have."""
    wrong: Any = Security(auth, scopes="orders:read")
    at = {where: [wrong]}
    app = FastAPI(lifespan=auth.lifespan, dependencies=at.get("app"))
    from fastapi import APIRouter

    router = APIRouter(dependencies=at.get("router"))

    def orders(token: Any = wrong) -> None: ...

    endpoint: Any = orders if where == "parameter" else (lambda: None)
    router.add_api_route("/orders", endpoint, dependencies=at.get("route"))
    app.include_router(router, prefix="/v1")
    with pytest.raises(ConfigurationError, match=r"/v1/orders: .*scopes=\['orders:read'\]"), TestClient(app):
        pass


def test_impossible_scopes_stop_the_app(auth: JWTBearer) -> None:
    """Two scopes in one string of a list are one scope that no token can hold."""
    app = FastAPI(lifespan=auth.lifespan)
    app.add_api_route("/", lambda: None, dependencies=[Security(auth, scopes=["a b"])])
    with pytest.raises(ConfigurationError, match=r"/: .*'a b'"), TestClient(app):
        pass


@pytest.mark.parametrize("body", ["rfc6750", "problem+json"])
def test_a_body_that_no_handler_gives_stops_the_start(issuer: FakeIssuer, body: str) -> None:
    """FastAPI's own handler knows nothing of ``ERROR_BODY``; a handler that was installed, or the user's own, does."""
    auth = JWTBearer({**issuer.settings(), "ERROR_BODY": body})
    with (
        pytest.raises(ConfigurationError, match="install_error_handlers"),
        TestClient(FastAPI(lifespan=auth.lifespan)),
    ):
        pass
    app = FastAPI(lifespan=auth.lifespan)
    install_error_handlers(app)
    with TestClient(app):
        pass
    own = FastAPI(lifespan=auth.lifespan, exception_handlers={RequestRejected: lambda request, error: None})
    with TestClient(own):
        pass
