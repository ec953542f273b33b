"""Test clients whose requests have proofs: ``with_token(dpop=True, certificate=True)`` in every framework."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import override_settings
from django.urls import path
from fastapi import Depends, FastAPI, WebSocket
from flask import Flask

from jwks_auth import ANY_PROXY, ConfigurationError
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.checks.project import check_views
from jwks_auth_django.conf import configuration
from jwks_auth_django.test import AsyncJWTClient
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


@require_jwt(sender="mtls")
async def shown_by_certificate(request: HttpRequest) -> JsonResponse:
    """Tell the sender."""
    return JsonResponse({"sender": request.token.sender})  # type: ignore[attr-defined]


urlpatterns += [path("certified", shown_by_certificate)]

HEADER = {"HEADER": "X-Cert", "FORMAT": "xfcc"}
CERTIFIED: dict[str, dict[str, Any]] = {
    "the server's own": {"CLIENT_CERTIFICATE": "tls"},
    "networks": {"CLIENT_CERTIFICATE": HEADER, "TRUSTED_PROXIES": ["10.9.0.0/16", "192.0.2.0/24"]},
    "a secret": {
        "CLIENT_CERTIFICATE": HEADER,
        "PROXY_SECRET": {"HEADER": "X-Proxy", "VALUE": "only-the-proxy-knows"},
    },
    "any proxy": {"CLIENT_CERTIFICATE": HEADER, "TRUSTED_PROXIES": ANY_PROXY},
}
"""Settings of projects, with which test clients pass a certificate on as the project's proxy does."""

certified = pytest.mark.parametrize("given", CERTIFIED.values(), ids=CERTIFIED)


@certified
@pytest.mark.parametrize("dpop", [False, True], ids=["certificate", "certificate and key"])
def test_certificates_in_flask(given: dict[str, Any], dpop: bool) -> None:
    """As the app's settings say; a client without one is refused."""
    issuer = FakeIssuer()
    app = Flask(__name__)
    settings = {**issuer.settings(), **PROOFS, "DPOP": "accept", "MTLS": "require", **given}
    app.config.update({f"JWKS_AUTH_{name}": value for name, value in settings.items()}, TESTING=True)
    JWKSAuth(app)
    app.add_url_rule("/me", view_func=in_flask(lambda: {"ways": sorted(current_token.proofs)}))
    app.test_client_class = FlaskClient
    client = app.test_client(issuer=issuer).with_token(certificate=True, dpop=dpop)
    assert client.get("/me").json == {"ways": ["dpop", "mtls"] if dpop else ["mtls"]}
    assert app.test_client(issuer=issuer).with_token().get("/me").status_code == 401
    sender = issuer.client(certificate=True)
    stolen = app.test_client(issuer=issuer).with_token(cnf=sender.confirmation)
    assert stolen.get("/me").status_code == 401


@certified
@pytest.mark.parametrize("dpop", [False, True], ids=["certificate", "certificate and key"])
async def test_certificates_in_django(given: dict[str, Any], dpop: bool) -> None:
    """As the project's settings say, in the sync client and in the async one."""
    issuer = FakeIssuer()
    project = {**issuer.settings(), **PROOFS, "DPOP": "accept", "MTLS": "require", **given}
    wanted = {"sender": "dpop" if dpop else "mtls"}
    with override_settings(JWKS_AUTH=project, ROOT_URLCONF=__name__, MIDDLEWARE=[]):
        client = await asyncio.to_thread(DjangoClient().with_token, certificate=True, dpop=dpop)
        answer = await asyncio.to_thread(client.get, "/certified")
        assert (answer.status_code, json.loads(answer.content)) == (200, wanted)
        answer = await AsyncJWTClient().with_token(certificate=True, dpop=dpop).get("/certified")
        assert (answer.status_code, json.loads(answer.content)) == (200, wanted)
        sender = issuer.client(certificate=True)
        answer = await AsyncJWTClient().with_token(cnf=sender.confirmation).get("/certified")
        assert answer.status_code == 401


@certified
@pytest.mark.parametrize("dpop", [False, True], ids=["certificate", "certificate and key"])
def test_certificates_in_fastapi(given: dict[str, Any], dpop: bool) -> None:
    """From the handshake or, for a sender that was told of the proxy, in its header; WebSockets too."""
    issuer = FakeIssuer()
    settings = {**issuer.settings(), **PROOFS, "DPOP": "accept", "MTLS": "require", **given}
    auth, app = JWTBearer(settings), FastAPI()

    @app.get("/me")
    def me(token: Any = Depends(auth)) -> dict[str, Any]:
        return {"ways": sorted(token.proofs)}

    @app.websocket("/ws")
    async def ws(websocket: WebSocket, token: Any = Depends(auth)) -> None:
        await websocket.accept()
        await websocket.send_json({"ways": sorted(token.proofs)})

    sender = issuer.client(certificate=True, dpop=dpop).behind(auth.authenticator.settings.shared)
    client = FastAPIClient(app, issuer=issuer).with_token(sender=sender)
    wanted = {"ways": ["dpop", "mtls"] if dpop else ["mtls"]}
    assert client.get("/me").json() == wanted
    with client.websocket_connect("/ws") as socket:
        assert socket.receive_json() == wanted
    if given["CLIENT_CERTIFICATE"] == "tls":
        assert FastAPIClient(app, issuer=issuer).with_token(certificate=True).get("/me").status_code == 200
    stolen = client.with_token(cnf=sender.confirmation)
    assert stolen.get("/me").status_code == 401


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
