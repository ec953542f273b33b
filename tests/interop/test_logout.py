"""Back-channel logout: the certified provider posts logout tokens of its own to every framework."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest
import requests
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path
from fastapi import Depends, FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from jwks_auth.stores import MemoryRevocations
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, LogoutMiddleware
from jwks_auth_fastapi.starlette import require_jwt as in_starlette
from jwks_auth_flask import JWKSAuth
from jwks_auth_flask import require_jwt as in_flask
from tests.interop.oidc_provider import AUDIENCE, OidcProvider
from tests.interop.test_discovery import under_asgi, under_wsgi
from tests.patience import PATIENCE

App = Callable[..., Any]

import_module("tests.django_site")  # loads Django


def in_flask_app(settings: dict[str, Any]) -> App:
    """Flask."""
    app = Flask(__name__)
    app.config.from_mapping({f"JWKS_AUTH_{name}": value for name, value in settings.items()})
    JWKSAuth(app)
    app.add_url_rule("/api/me", view_func=in_flask(lambda: "ok"))
    return app


def in_fastapi_app(settings: dict[str, Any]) -> App:
    """FastAPI, whose every route needs a token, but for the endpoint."""
    auth = JWTBearer(settings)
    app = FastAPI(dependencies=[Depends(auth)])
    app.include_router(auth.logout_router())
    app.add_api_route("/api/me", lambda: {})
    return app


def in_starlette_app(settings: dict[str, Any]) -> App:
    """Starlette."""
    backend = JWTAuthenticationBackend(settings)
    guarded = in_starlette(backend=backend)(JSONResponse({}))
    around = [Middleware(LogoutMiddleware, auth=backend)]
    return Starlette(routes=[Route("/api/me", guarded)], middleware=around)


def in_django_app(settings: dict[str, Any]) -> App:
    """Django, without the middleware."""
    view = require_jwt(lambda request: HttpResponse("ok"))
    urls = (path("api/me", view), path("", include("jwks_auth_django.urls")))

    def app(*args: Any) -> Any:
        with override_settings(JWKS_AUTH=settings, ROOT_URLCONF=urls, MIDDLEWARE=[], ALLOWED_HOSTS=["*"]):
            return WSGIHandler()(*args)

    return app


APPS = {
    "flask": (under_wsgi, in_flask_app),
    "fastapi": (under_asgi, in_fastapi_app),
    "starlette": (under_asgi, in_starlette_app),
    "django": (under_wsgi, in_django_app),
}


@contextmanager
def api(name: str, provider: OidcProvider) -> Iterator[str]:
    """An app that trusts the provider; its URL."""
    served, make = APPS[name]
    settings = {
        "ISSUER": provider.issuer,
        "AUDIENCE": AUDIENCE,
        "REVOCATION": MemoryRevocations(),
        "LOGOUT_PATH": "/api/logout",
        "LOGOUT_CLIENT": "web-RS256",
    }
    with served(lambda _: make(settings), FakeIssuer()) as url:
        yield url


@pytest.mark.parametrize("sid", ["", "s1"], ids=["user", "session"])
@pytest.mark.parametrize("name", APPS)
def test_a_logout_of_oidc_provider_ends_the_users_tokens(name: str, sid: str, provider: OidcProvider) -> None:
    """Its access tokens name no session, so a session's logout ends them too; another user's token is good."""
    user, service = provider.user_token(), provider.token("RS256")

    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{url}/me", headers=headers, timeout=PATIENCE).status_code

    with api(name, provider) as url:
        assert [status(user), status(service)] == [200, 200]
        provider.log_out("web-RS256", f"{url}/logout", "user-1", sid)
        assert [status(user), status(service)] == [401, 200]
