"""Logouts in frameworks beyond the contract: several instances and APIs at one path, and what stops the start."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path
from flask import Flask
from starlette.responses import JSONResponse
from starlette.testclient import TestClient

from jwks_auth import ConfigurationError
from jwks_auth.stores import MemoryRevocations
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.conf import MIDDLEWARE
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.starlette import LogoutMiddleware
from jwks_auth_flask import JWKSAuth

PATH = "/oidc/logout"
FORM = "application/x-www-form-urlencoded"

urlpatterns = [
    path("other", lambda request: HttpResponse("other")),
    path("below/", include("jwks_auth_django.urls")),
]


def settings_of(issuer: FakeIssuer, client: str) -> dict[str, Any]:
    """Settings with a logout endpoint for *client*."""
    given = {"REVOCATION": MemoryRevocations(), "LOGOUT_PATH": PATH, "LOGOUT_CLIENT": client}
    return {**issuer.settings(), **given}


@pytest.fixture
def issuer() -> FakeIssuer:
    """The provider."""
    return FakeIssuer()


def test_flasks_instances_share_a_path(issuer: FakeIssuer) -> None:
    """The one whose client it is takes the token; neither hides the other, and other paths are left alone."""
    app = Flask(__name__)
    app.testing = True
    for prefix, client in (("", "web"), ("OWN_", "app")):
        given = settings_of(issuer, client)
        app.config.from_mapping({f"{prefix}JWKS_AUTH_{name}": value for name, value in given.items()})
    for name in ("default", "own"):
        JWKSAuth(app, name=name)
    app.add_url_rule("/other", view_func=lambda: "other")
    client = app.test_client()
    for wanted, status in (("web", 200), ("app", 200), ("else", 400)):
        assert client.post(PATH, data=issuer.logout(wanted), content_type=FORM).status_code == status
    assert client.get("/other").data == b"other"


@pytest.mark.parametrize("by_middleware", [True, False])
async def test_djangos_apis_share_a_path(issuer: FakeIssuer, by_middleware: bool) -> None:
    """As Flask's instances; sync and async. Below a prefix the view is not at the path that was said."""
    given = settings_of(issuer, "web")
    apis = {"/app/": {"LOGOUT_CLIENT": "app"}}
    own = path("", include("jwks_auth_django.urls"))
    with override_settings(
        JWKS_AUTH={**given, "APIS": apis},
        MIDDLEWARE=[MIDDLEWARE] if by_middleware else [],
        ROOT_URLCONF=(*urlpatterns, own),
    ):
        for wanted, status in (("web", 200), ("app", 200), ("else", 400)):
            body = issuer.logout(wanted)
            assert Client().post(PATH, body, content_type=FORM).status_code == status
            answer = await AsyncClient().post(PATH, issuer.logout(wanted), content_type=FORM)
            assert answer.status_code == status
        assert Client().post(f"/below{PATH}", issuer.logout("web"), content_type=FORM).status_code == 404
        assert Client().get("/other").content == b"other"


def test_a_router_or_a_middleware_without_a_path_stops_the_start(issuer: FakeIssuer) -> None:
    """It names the setting."""
    auth = JWTBearer(issuer.settings())
    with pytest.raises(ConfigurationError, match="LOGOUT_PATH is missing"):
        auth.logout_router()
    for given in (auth, auth.authenticator, issuer.settings()):
        with pytest.raises(ConfigurationError, match="LOGOUT_PATH is missing"):
            LogoutMiddleware(JSONResponse({}), given)


def test_the_middleware_serves_any_asgi_application(issuer: FakeIssuer) -> None:
    """Other paths pass."""
    client = TestClient(LogoutMiddleware(JSONResponse({"rest": True}), settings_of(issuer, "web")))
    assert client.post("/other").json() == {"rest": True}
    answer = client.post(PATH, content=issuer.logout("web"), headers={"Content-Type": FORM})
    assert answer.status_code == 200
