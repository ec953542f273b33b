"""Documents and challenges as an independent client, npm's ``oauth4webapi``, reads them; step-up at a real provider."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest
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
from werkzeug.serving import make_server

from jwks_auth import TokenVerifier
from jwks_auth.claims.policy import Policy
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, MetadataMiddleware
from jwks_auth_fastapi.starlette import require_jwt as in_starlette
from jwks_auth_flask import JWKSAuth
from jwks_auth_flask import require_jwt as in_flask
from tests.asgi import serve
from tests.interop.oidc_provider import AUDIENCE, OidcProvider, read_by_node
from tests.patience import PATIENCE

ASKED: dict[str, Any] = {
    "scopes": ["orders:read", "orders:write"],
    "acr": "urn:acme:mfa",
    "max_auth_age": 300,
}

App = Callable[..., Any]


class Later:
    """An application whose settings are known once its server has a port."""

    app: App

    def __call__(self, *args: Any) -> Any:
        """Pass on."""
        return self.app(*args)


def settings_of(issuer: FakeIssuer, resource: str) -> dict[str, Any]:
    """Settings whose audience is the resource, as none is given."""
    given = issuer.settings()
    del given["AUDIENCE"]
    return {**given, "RESOURCE": resource}


@contextmanager
def under_wsgi(make: Callable[[dict[str, Any]], App], issuer: FakeIssuer) -> Iterator[str]:
    """A WSGI application on loopback; its resource."""
    later = Later()
    server = make_server("127.0.0.1", 0, later, threaded=True)
    resource = f"http://127.0.0.1:{server.port}/api"
    later.app = make(settings_of(issuer, resource))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield resource
    finally:
        server.shutdown()
        thread.join(PATIENCE)
        server.server_close()


@contextmanager
def under_asgi(make: Callable[[dict[str, Any]], App], issuer: FakeIssuer) -> Iterator[str]:
    """An ASGI application on loopback; its resource."""
    later = Later()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await later(scope, receive, send)

    with serve(app, lifespan="off") as url:
        later.app = make(settings_of(issuer, f"{url}/api"))
        yield f"{url}/api"


def in_flask_app(settings: dict[str, Any]) -> App:
    """Flask."""
    app = Flask(__name__)
    app.config.from_mapping({f"JWKS_AUTH_{name}": value for name, value in settings.items()}, TESTING=True)
    JWKSAuth(app)
    app.add_url_rule("/api/orders", view_func=in_flask(**ASKED)(lambda: "ok"))
    return app


def in_fastapi_app(settings: dict[str, Any]) -> App:
    """FastAPI, whose every route needs a token, but for the document."""
    auth = JWTBearer(settings)
    app = FastAPI(dependencies=[Depends(auth)])
    app.include_router(auth.metadata_router())
    app.add_api_route("/api/orders", lambda: {}, dependencies=[Depends(auth.requires(**ASKED))])
    return app


def in_starlette_app(settings: dict[str, Any]) -> App:
    """Starlette."""
    backend = JWTAuthenticationBackend(settings)
    guarded = in_starlette(backend=backend, **ASKED)(JSONResponse({}))
    around = [Middleware(MetadataMiddleware, auth=backend)]
    return Starlette(routes=[Route("/api/orders", guarded)], middleware=around)


import_module("tests.django_site")  # loads Django


def in_django_app(settings: dict[str, Any]) -> App:
    """Django, without the middleware."""
    view = require_jwt(**ASKED)(lambda request: HttpResponse("ok"))
    urls = (path("api/orders", view), path("", include("jwks_auth_django.urls")))

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


@pytest.mark.parametrize("name", APPS)
def test_oauth4webapi_reads_documents_and_challenges(name: str) -> None:
    """From the resource's URL to its document, from each challenge to the same; every parameter is as it was meant."""
    served, make = APPS[name]
    issuer = FakeIssuer()
    with served(make, issuer) as resource:
        weak = issuer.token(sub="u1", scope="orders:read", aud=resource)
        strong = issuer.token(sub="u1", scope="orders:read", aud=resource, acr="urn:acme:mfa", auth_time=2e9)
        read = {kind: read_by_node(resource, f"{resource}/orders", token)
                for kind, token in (("bad", "a.b.c"), ("weak", weak), ("future", strong))}  # fmt: skip
    found = read["bad"]["metadata"]
    assert found == {
        "resource": resource,
        "authorization_servers": [issuer.issuer],
        "bearer_methods_supported": ["header"],
    }
    host = resource.removesuffix("/api")
    common = {"realm": "api", "resource_metadata": f"{host}/.well-known/oauth-protected-resource/api"}
    scope = "orders:read orders:write"
    wanted = {
        "bad": {"error": "invalid_token", "scope": scope},
        "weak": {"error": "insufficient_user_authentication", "scope": scope,
                 "acr_values": "urn:acme:mfa", "max_age": "300"},
    }  # fmt: skip
    wanted["future"] = wanted["weak"]
    for kind, parameters in wanted.items():
        [challenge] = read[kind]["challenges"]
        assert challenge["scheme"] == "bearer"
        told = {**challenge["parameters"]}
        assert told.pop("error_description")
        assert told == {**common, **parameters}, kind


def test_a_user_steps_up_at_a_real_provider(provider: OidcProvider) -> None:
    """What the challenge names is what the provider takes, and what it then puts into the token is enough."""
    verifier = TokenVerifier(provider.issuer, AUDIENCE)
    policy = Policy(acr="urn:acme:mfa", max_auth_age=300)
    weak = verifier.verify(provider.user_token())
    assert weak.acr != "urn:acme:mfa"
    assert not policy.allows(weak)
    strong = verifier.verify(provider.user_token(acr_values="urn:acme:mfa", max_age="300"))
    assert (strong.acr, policy.allows(strong)) == ("urn:acme:mfa", True)
    assert not Policy(max_auth_age=300).allows(strong, now=strong.authenticated_at + 400)  # type: ignore[operator]


def test_the_reader_is_another_s(provider: OidcProvider) -> None:
    """Control: a document of another resource is refused by it."""
    with pytest.raises(subprocess.CalledProcessError), under_wsgi(in_flask_app, FakeIssuer()) as resource:
        read_by_node(f"{resource}/other", f"{resource}/orders", "a.b.c")
    assert json.dumps(provider.issuer)
