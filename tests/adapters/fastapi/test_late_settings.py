"""Settings that come after the bearer: from the environment at the start, or by ``auth.configure``."""

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.routing import Mount

from jwks_auth import ConfigurationError
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWKSAuthSettings, JWTBearer, VerifiedToken

A, B = FakeIssuer("https://a.example/"), FakeIssuer("https://b.example/")


def routed(auth: JWTBearer[Any]) -> APIRouter:
    """A module's routes."""
    router = APIRouter()

    @router.get("/me")
    def me(token: Annotated[VerifiedToken, Depends(auth)]) -> str:
        return token.issuer

    @router.get("/reports", dependencies=[Depends(auth.variant(audience="reports"))])
    def reports() -> None: ...

    return router


def made(auth: JWTBearer[Any]) -> FastAPI:
    """An application of a factory."""
    app = FastAPI(lifespan=auth.lifespan)
    app.include_router(routed(auth))
    app.add_api_route("/ready", auth.health)
    return app


def test_the_environment_is_read_when_the_app_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when the module is imported: neither routes nor variants read it."""
    auth = JWTBearer()
    app = made(auth)
    monkeypatch.setenv("JWKS_AUTH_ISSUER", "https://late.example/")
    monkeypatch.setenv("JWKS_AUTH_AUDIENCE", "api reports")
    assert auth.service.chosen is None
    assert auth.authenticator.issuers[0].issuer == "https://late.example/"
    assert app.openapi()["components"]["securitySchemes"]["JWTBearer"]["scheme"] == "bearer"


def test_an_environment_without_settings_stops_the_start() -> None:
    """The lifespan names the variable; so does the first use without a lifespan."""
    with pytest.raises(ConfigurationError, match="JWKS_AUTH_ISSUER"), TestClient(made(JWTBearer())):
        pass
    with pytest.raises(ConfigurationError, match="JWKS_AUTH_ISSUER"):
        TestClient(made(JWTBearer())).get("/me", headers=A.headers())


def test_a_variant_is_held_against_late_settings() -> None:
    """A name that no verified token has is told when the settings are there."""
    auth = JWTBearer()
    auth.variant(issuer=B.issuer)
    with pytest.raises(ConfigurationError, match="alias"):
        auth.configure({**A.settings(), "ISSUER_ALIASES": [B.issuer]})
    auth.configure(B.settings())
    assert auth.authenticator.issuers[0].issuer == B.issuer


def test_configure_replaces_settings() -> None:
    """For the bearer, its variants and policies made before; wrong ones change nothing."""
    auth = JWTBearer(A.settings())
    client = TestClient(made(auth))
    assert client.get("/me", headers=A.headers()).json() == A.issuer
    with pytest.raises(ConfigurationError):
        auth.configure({"ISSUER": B.issuer, "AUDIENSE": "api"})
    assert client.get("/me", headers=A.headers()).json() == A.issuer
    auth.configure({**B.settings(), "AUDIENCE": ["api", "reports"]})
    assert client.get("/me", headers=A.headers()).status_code == 401
    assert client.get("/reports", headers=B.headers(aud="reports")).status_code == 200
    assert client.get("/me", headers=B.headers()).json() == B.issuer


def test_each_application_of_a_factory_has_its_own_settings() -> None:
    """One module's routes in two applications at the same time, each with keys, health and realm of its own."""
    auth = JWTBearer()
    router = routed(auth)

    def create_app(issuer: FakeIssuer, realm: str) -> FastAPI:
        app = FastAPI(lifespan=auth.lifespan)
        auth.configure({**issuer.settings(), "REALM": realm}, app=app)
        app.include_router(router)
        return app

    first, second = create_app(A, "a"), create_app(B, "b")
    with TestClient(first) as to_first, TestClient(second) as to_second:
        assert to_first.get("/me", headers=A.headers()).json() == A.issuer
        assert to_second.get("/me", headers=B.headers()).json() == B.issuer
        assert to_first.get("/me", headers=B.headers()).status_code == 401
        assert to_first.get("/me").headers["www-authenticate"] == 'Bearer realm="a"'
        assert to_second.get("/me").headers["www-authenticate"] == 'Bearer realm="b"'


def test_mounted_applications_have_the_settings_of_the_one_around_them() -> None:
    """From its start on, unless they have their own."""
    auth = JWTBearer(A.settings())
    inner, own = made(auth), made(auth)
    outer = Starlette(routes=[Mount("/inner", inner), Mount("/own", own)], lifespan=auth.lifespan)
    auth.configure(B.settings(), app=outer)
    auth.configure(A.settings(), app=own)
    with TestClient(outer) as client:
        assert client.get("/inner/me", headers=B.headers()).json() == B.issuer
        assert client.get("/own/me", headers=A.headers()).json() == A.issuer
        assert client.get("/inner/ready").status_code == 200


def test_fakes_and_settings_of_ones_own_class() -> None:
    """``configure`` takes all that the constructor takes."""
    auth = JWTBearer()
    auth.configure(JWKSAuthSettings(issuer=A.issuer, jwks=A.jwks, audience=["api"]))
    app = made(auth)
    app.dependency_overrides[auth] = auth.fake(sub="u1")
    assert TestClient(app).get("/me").json() == A.issuer


def test_metadata_of_late_settings() -> None:
    """The router is there before the settings, and answers with those of the application."""
    auth = JWTBearer()
    app = FastAPI()
    app.include_router(auth.metadata_router())
    auth.configure({**A.settings(), "RESOURCE": "https://api.example/"})
    found = TestClient(app).get("/.well-known/oauth-protected-resource").json()
    assert found["resource"] == "https://api.example/"
