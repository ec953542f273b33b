"""Test clients whose requests have proofs: ``with_token(dpop=True)`` in every framework."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import override_settings
from django.urls import path
from fastapi import Depends, FastAPI
from flask import Flask

from jwks_auth import ConfigurationError
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.checks.project import check_views
from jwks_auth_django.conf import configuration
from jwks_auth_django.test import JWTClient as DjangoClient
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.testing import JWTClient as FastAPIClient
from jwks_auth_flask import JWKSAuth, current_token
from jwks_auth_flask import require_jwt as in_flask
from jwks_auth_flask.testing import JWTClient as FlaskClient

PROOFS = {"DPOP": "require", "DPOP_REPLAY": "memory"}


@require_jwt(sender="dpop")
def shown(request: HttpRequest) -> JsonResponse:
    """Tell the sender."""
    return JsonResponse({"sender": request.token.sender})  # type: ignore[attr-defined]


urlpatterns = [path("me", shown)]


def test_in_fastapi() -> None:
    """Each request has a proof of its own, with the URL that the application sees."""
    issuer = FakeIssuer()
    auth = JWTBearer({**issuer.settings(), **PROOFS})
    app = FastAPI()

    @app.get("/me")
    def me(token: Any = Depends(auth.requires(sender="dpop"))) -> dict[str, Any]:  # noqa: B008
        return {"sender": token.sender}

    client = FastAPIClient(app, issuer=issuer).with_token(dpop=True)
    assert [client.get("/me?a=1").json() for _ in range(2)] == [{"sender": "dpop"}] * 2
    assert client.get("/me", headers={"Authorization": "Bearer x"}).status_code == 401


def test_in_flask() -> None:
    """Also for another host and port."""
    issuer = FakeIssuer()
    app = Flask(__name__)
    app.config.update(issuer.settings(prefix="JWKS_AUTH_"), TESTING=True)
    app.config.update({f"JWKS_AUTH_{name}": value for name, value in PROOFS.items()})
    JWKSAuth(app)

    @app.get("/me")
    @in_flask(sender="dpop")
    def me() -> dict[str, Any]:
        return {"sender": current_token.sender}

    app.test_client_class = FlaskClient
    client = app.test_client(issuer=issuer).with_token(dpop=True)
    assert client.get("/me?a=1").json == {"sender": "dpop"}
    assert client.get("/me", base_url="https://api.acme.dev:8443").json == {"sender": "dpop"}
    assert client.get("/me", headers={"Authorization": "Bearer x"}).status_code == 401


def test_in_django() -> None:
    """Over http and https; used proofs are noted in a cache."""
    issuer = FakeIssuer()
    given = {**issuer.settings(), **PROOFS, "DPOP_REPLAY": "cache:default"}
    with override_settings(JWKS_AUTH=given, ROOT_URLCONF=__name__, MIDDLEWARE=[]):
        client = DjangoClient().with_token(dpop=True)
        assert json.loads(client.get("/me").content) == {"sender": "dpop"}
        assert json.loads(client.get("/me?a=1", secure=True).content) == {"sender": "dpop"}
        sent = issuer.client(dpop=True).headers("GET", "http://testserver/me")
        assert [DjangoClient().get("/me", headers=sent).status_code for _ in range(2)] == [200, 401]


def test_the_checks_say_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the URL and of the store, once each; nothing where both are set."""
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    given = {**FakeIssuer().settings(), "DPOP": "accept"}
    for more, count in (({}, 2), ({"DPOP_REPLAY": "memory", "PUBLIC_URL": "https://api.acme.dev"}, 0)):
        with override_settings(JWKS_AUTH={**given, **more}, ROOT_URLCONF=__name__, MIDDLEWARE=[]):
            told = [each for each in check_views() if each.id == "jwks_auth_django.W013"]
            assert len(told) == count


def test_a_cache_that_forgets_is_refused() -> None:
    """A dummy cache would take each proof again and again."""
    caches = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    given = {**FakeIssuer().settings(), **PROOFS, "DPOP_REPLAY": "cache:default"}
    with (
        override_settings(JWKS_AUTH=given, CACHES=caches),
        pytest.raises(ConfigurationError, match="a dummy cache"),
    ):
        configuration()


def test_a_cache_that_is_not_there_is_named() -> None:
    """At start-up."""
    given = {**FakeIssuer().settings(), **PROOFS, "DPOP_REPLAY": "cache:nowhere"}
    with (
        override_settings(JWKS_AUTH=given),
        pytest.raises(ConfigurationError, match=r"DPOP_REPLAY.*: CACHES has no 'nowhere'"),
    ):
        configuration()
