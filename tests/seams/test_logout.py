"""Logouts in frameworks beyond the contract: several instances and APIs at one path, and what stops the start."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path
from fastapi import FastAPI
from flask import Flask
from starlette.responses import JSONResponse
from starlette.testclient import TestClient

from jwks_auth import ConfigurationError, Refused
from jwks_auth.stores import CacheRevocations, MemoryRevocations
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.cache import SharedCache
from jwks_auth_django.checks import check_views
from jwks_auth_django.conf import MIDDLEWARE, configuration
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


@pytest.mark.parametrize(
    ("urls", "middleware", "told"),
    [
        ((), [], {"jwks_auth_django.W014"}),
        ((path("below/", include("jwks_auth_django.urls")),), [], {"jwks_auth_django.W014"}),
        ((path("", include("jwks_auth_django.urls")),), [], set()),
        ((), [MIDDLEWARE], set()),
    ],
    ids=["nowhere", "below a prefix", "urls", "middleware"],
)
def test_django_s_checks_see_that_nobody_hears_of_logouts(
    issuer: FakeIssuer, urls: Any, middleware: list[str], told: set[str]
) -> None:
    """A provider would post to a 404, and tokens would stay good."""
    given = settings_of(issuer, "web")
    with override_settings(JWKS_AUTH=given, ROOT_URLCONF=urls, MIDDLEWARE=middleware):
        assert {each.id for each in check_views()} & {"jwks_auth_django.W014"} == told
    with override_settings(JWKS_AUTH=issuer.settings(), ROOT_URLCONF=(), MIDDLEWARE=[]):
        assert check_views() == []


@pytest.mark.parametrize("heard", ["", "router", "prefix", "middleware"])
def test_fastapi_tells_at_its_start_that_nobody_hears_of_logouts(
    issuer: FakeIssuer, heard: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The lifespan's log; a router anywhere, or Starlette's middleware, will do."""
    auth = JWTBearer(settings_of(issuer, "web"))
    app = FastAPI(lifespan=auth.lifespan)
    if heard in ("router", "prefix"):
        app.include_router(auth.logout_router(), prefix="/api" if heard == "prefix" else "")
    elif heard == "middleware":
        app.add_middleware(LogoutMiddleware, auth=settings_of(issuer, "web"))
    with caplog.at_level(logging.WARNING, "jwks_auth"), TestClient(app):
        told = [each.getMessage() for each in caplog.records if "LOGOUT_PATH" in each.getMessage()]
    assert told == (
        [] if heard else [f"LOGOUT_PATH: nobody answers at {PATH}: app.include_router(auth.logout_router())"]
    )


def test_revocations_in_one_of_django_s_caches(issuer: FakeIssuer, tmp_path: Path) -> None:
    """``cache:<alias>``: two projects that share it hear of each other's, by a logout too."""
    caches = {
        "default": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": str(tmp_path),
        }
    }
    given = {**settings_of(issuer, "web"), "REVOCATION": "cache:default"}
    with override_settings(JWKS_AUTH=given, CACHES=caches, MIDDLEWARE=[MIDDLEWARE], ROOT_URLCONF=()):
        verifier = configuration().authenticator.verifier
        first, second = issuer.token(sub="u1", jti="a"), issuer.token(sub="u2", jti="b")
        CacheRevocations(SharedCache("default")).revoke(issuer.issuer, jti="b", ttl=60)
        assert code_of(verifier, first) is None
        assert code_of(verifier, second) == "revoked"
        assert (
            Client().post(PATH, issuer.logout("web", sub="u1").decode(), content_type=FORM).status_code == 200
        )
        assert code_of(verifier, first) == "revoked"
    with override_settings(JWKS_AUTH=given, CACHES=caches, ROOT_URLCONF=()):  # a new worker
        assert code_of(configuration().authenticator.verifier, first) == "revoked"
    for wrong, message in (("cache:nowhere", "no 'nowhere'"), ("cache:dummy", "keeps nothing")):
        dummy = {"dummy": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
        settings = {"JWKS_AUTH": {**given, "REVOCATION": wrong}, "CACHES": {**caches, **dummy}}
        with override_settings(**settings), pytest.raises(ImproperlyConfigured, match=message):
            configuration()


def code_of(verifier: Any, raw: str) -> str | None:
    """Why a token is refused, if it is."""
    try:
        verifier.verify(raw)
    except Refused as error:
        return error.code
    return None


async def test_a_provider_that_leaves_halfway_is_refused(issuer: FakeIssuer) -> None:
    """400 that nobody reads, and no error of the server's."""
    auth = JWTBearer(settings_of(issuer, "web"))
    app = FastAPI()
    app.include_router(auth.logout_router())
    behind = LogoutMiddleware(FastAPI(), auth=auth)
    scope = {"type": "http", "method": "POST", "path": PATH, "query_string": b"", "app": app}
    for each in (app, behind):
        came = iter(
            [{"type": "http.request", "body": b"logout", "more_body": True}, {"type": "http.disconnect"}]
        )
        sent: list[Any] = []

        async def receive(came: Any = came) -> Any:
            return next(came)

        async def send(message: Any, sent: list[Any] = sent) -> None:
            sent.append(message)

        await each({**scope, "headers": [(b"content-type", FORM.encode())]}, receive, send)
        assert sent[0]["status"] == 400


class Gone:
    """The body of a request whose client has left."""

    def read(self, size: int = -1) -> bytes:
        """Fail as a socket does."""
        raise ConnectionResetError

    readline = read


def test_a_provider_that_leaves_django_halfway_is_refused(issuer: FakeIssuer) -> None:
    """The same."""
    with override_settings(JWKS_AUTH=settings_of(issuer, "web"), MIDDLEWARE=[MIDDLEWARE]):
        answer = Client().post(
            PATH,
            b"logout_token=x",
            content_type=FORM,
            **{"wsgi.input": Gone()},  # type: ignore[arg-type]
        )
    assert (answer.status_code, answer["Cache-Control"]) == (400, "no-store")
