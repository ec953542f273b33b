"""A client that can't find its way: metadata are served to anybody, whatever an application denies."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path
from fastapi import Depends, FastAPI, Security
from fastapi.testclient import TestClient
from flask import Flask, abort, request
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from jwks_auth import ConfigurationError
from jwks_auth.testing import FakeIssuer
from jwks_auth.testing import assert_discoverable as by_core
from jwks_auth_django import require_jwt
from jwks_auth_django.checks import check_settings, check_views
from jwks_auth_django.conf import MIDDLEWARE, configuration
from jwks_auth_django.test import assert_discoverable as in_django
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, MetadataMiddleware
from jwks_auth_fastapi.starlette import require_jwt as in_starlette
from jwks_auth_fastapi.testing import assert_discoverable as by_fastapi
from jwks_auth_flask import JWKSAuth
from jwks_auth_flask import require_jwt as on_view
from jwks_auth_flask.testing import assert_discoverable as by_flask

RESOURCE = "https://api.example/orders"
OTHER = "https://api.example/reports"
PLACE = "/.well-known/oauth-protected-resource"


@pytest.fixture
def issuer() -> FakeIssuer:
    """An issuer whose tokens are trusted."""
    return FakeIssuer()


def described(issuer: FakeIssuer, **more: Any) -> dict[str, Any]:
    """Settings of a service with a resource."""
    return {**issuer.settings(["api", RESOURCE, OTHER]), "RESOURCE": RESOURCE, **more}


def flask_app(settings: dict[str, Any], **more: Any) -> Flask:
    """An app that denies what it can."""
    app = Flask(__name__)
    app.config.from_mapping(
        {f"JWKS_AUTH_{name}": value for name, value in settings.items()}, TESTING=True, **more
    )
    app.before_request(lambda: abort(500))
    return app


def test_flask_serves_it_before_every_guard(issuer: FakeIssuer) -> None:
    """``JWKS_AUTH_REQUIRED``, ``auth.protect(app)``, and hooks that were there before."""
    app = flask_app(described(issuer), JWKS_AUTH_REQUIRED=True)
    auth = JWKSAuth(app)
    auth.protect(app, scopes="a")
    app.add_url_rule("/reports", view_func=on_view(audience=OTHER)(lambda: "ok"))
    by_flask(app.test_client(), auth)
    assert app.test_client().get(f"{PLACE}/reports").json["resource"] == OTHER  # type: ignore[index]
    assert app.test_client().get("/.well-known/other").status_code == 500


def test_two_instances_of_flask_serve_what_either_knows(issuer: FakeIssuer) -> None:
    """One that has no such resource does not hide the other's."""
    app = flask_app(described(issuer))
    app.config.from_mapping({f"OWN_JWKS_AUTH_{name}": value for name, value in issuer.settings().items()})
    app.config["OWN_JWKS_AUTH_RESOURCE"] = "https://api.example/own"
    first, second = JWKSAuth(app), JWKSAuth(app, name="own")
    for auth in (first, second):
        by_flask(app.test_client(), auth)


def test_without_a_resource_flask_is_left_alone(issuer: FakeIssuer) -> None:
    """Control: its own 404."""
    app = Flask(__name__)
    app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"))
    JWKSAuth(app)
    assert app.test_client().get(PLACE).status_code == 404
    assert b"URL was not found" in app.test_client().get(PLACE).data


def test_a_bad_token_at_an_unknown_url_is_refused_without_names(issuer: FakeIssuer) -> None:
    """Where Flask found no route, as for a hook that looks at every request, none asks for scopes."""
    app = Flask(__name__)
    app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"))
    auth = JWKSAuth(app)
    app.before_request(lambda: auth.request_loader(request) and None)
    answer = app.test_client().get("/nothing", headers={"Authorization": "Bearer a.b.c"})
    assert answer.status_code == 401
    assert "scope=" not in answer.headers["WWW-Authenticate"]


def test_fastapi_serves_it_whatever_the_app_depends_on(issuer: FakeIssuer) -> None:
    """A token for every route, and another for all of the router; it is in no schema."""
    auth = JWTBearer(described(issuer))
    app = FastAPI(dependencies=[Security(auth, scopes=["a"])])
    app.include_router(auth.metadata_router(), dependencies=[Depends(auth)])
    other = auth.variant(audience=OTHER)
    app.add_api_route("/", lambda: {}, dependencies=[Depends(other)])
    client = TestClient(app)
    by_fastapi(client, auth)
    assert client.get(f"{PLACE}/reports").json()["resource"] == OTHER
    assert client.get(f"{PLACE}-x").status_code == 404
    assert client.get("/").status_code == 401
    assert PLACE not in str(client.get("/openapi.json").json())


def test_a_router_or_a_middleware_without_a_resource_stops_the_start(issuer: FakeIssuer) -> None:
    """It names the setting."""
    auth = JWTBearer(issuer.settings())
    with pytest.raises(ConfigurationError, match="RESOURCE is missing"):
        auth.metadata_router()
    for given in (auth, auth.authenticator, issuer.settings()):
        with pytest.raises(ConfigurationError, match="RESOURCE is missing"):
            MetadataMiddleware(JSONResponse({}), given)


@pytest.mark.parametrize("kind", ["backend", "bearer", "authenticator", "settings"])
def test_the_middleware_serves_any_asgi_application(kind: str, issuer: FakeIssuer) -> None:
    """Of Starlette, with routes whose resources are their own, or bare; connections of other types pass."""
    settings = described(issuer)
    backend = JWTAuthenticationBackend(settings)
    auth: Any = {"backend": backend, "bearer": JWTBearer(settings), "settings": settings,
                 "authenticator": backend.authenticator}[kind]  # fmt: skip
    guarded = in_starlette(backend=backend, audience=OTHER)(JSONResponse({}))
    own = Starlette(
        routes=[Mount("/in", routes=[Route("/", guarded)])],
        middleware=[Middleware(MetadataMiddleware, auth=auth)],
    )
    with TestClient(own) as client:
        by_core(client, backend)
        assert client.get(f"{PLACE}/reports").json()["resource"] == OTHER
        assert client.get("/nothing").status_code == 404
    by_core(TestClient(MetadataMiddleware(JSONResponse({"rest": True}), auth=auth)), backend)


def view(request: Any) -> HttpResponse:
    """A view."""
    return HttpResponse("ok")


URLS = (path("reports", require_jwt(audience=OTHER)(view)), path("", include("jwks_auth_django.urls")))


class LoginRequired(LoginRequiredMiddleware):
    """Everybody has to sign in."""


@pytest.mark.parametrize(
    "middleware", [[], [MIDDLEWARE], ["django.contrib.sessions.middleware.SessionMiddleware",
                                      "django.contrib.auth.middleware.AuthenticationMiddleware",
                                      "django.middleware.csrf.CsrfViewMiddleware",
                                      f"{__name__}.LoginRequired"]]
)  # fmt: skip
def test_django_serves_it_by_middleware_or_view(middleware: list[str], issuer: FakeIssuer) -> None:
    """Also where everybody has to sign in; and not below a prefix."""
    with override_settings(JWKS_AUTH=described(issuer), ROOT_URLCONF=URLS, MIDDLEWARE=middleware):
        in_django(Client(enforce_csrf_checks=True))
        assert Client().get(f"{PLACE}/reports").json()["resource"] == OTHER
    below = (path("api/", include("jwks_auth_django.urls")),)
    with override_settings(JWKS_AUTH=described(issuer), ROOT_URLCONF=below, MIDDLEWARE=[]):
        assert Client().get(f"/api{PLACE}/orders").status_code == 404


async def test_django_serves_it_on_a_loop(issuer: FakeIssuer) -> None:
    """The async stack."""
    with override_settings(JWKS_AUTH=described(issuer), ROOT_URLCONF=(), MIDDLEWARE=[MIDDLEWARE]):
        answer = await AsyncClient().get(configuration().authenticator.metadata().path)
    assert (answer.status_code, answer.json()["resource"]) == (200, RESOURCE)


def found(issuer: FakeIssuer, urls: Any, middleware: list[str], **more: Any) -> set[str]:
    """The ids of what the checks say."""
    given = described(issuer, **more.pop("JWKS_AUTH", {}))
    with override_settings(JWKS_AUTH=given, ROOT_URLCONF=urls, MIDDLEWARE=middleware, **more):
        return {
            str(each.id).removeprefix("jwks_auth_django.") for each in (*check_settings(), *check_views())
        }


def test_django_s_checks_see_that_nobody_answers(issuer: FakeIssuer) -> None:
    """No view, a view below a prefix, another's view; a prefix that the whole project is below."""
    below = (path("api/", include("jwks_auth_django.urls")),)
    other = (path(f"{PLACE[1:]}/orders", view),)
    for urls, middleware, expected in (
        ((), [], {"W012"}),
        (below, [], {"W012"}),
        (other, [], {"W012"}),
        (URLS, [], set()),
        ((), [MIDDLEWARE], set()),
    ):
        assert found(issuer, urls, middleware) & {"W011", "W012"} == expected
    assert "W011" in found(issuer, URLS, [], FORCE_SCRIPT_NAME="/api")
    assert not found(issuer, URLS, [], FORCE_SCRIPT_NAME="/") & {"W011"}


@pytest.mark.parametrize("resource", ["orders", "/orders", "http://api.example/", 7])
def test_django_s_checks_name_a_resource_that_can_t_be_one(resource: Any, issuer: FakeIssuer) -> None:
    """By an id of its own."""
    assert "E014" in found(issuer, (), [], JWKS_AUTH={"RESOURCE": resource})
