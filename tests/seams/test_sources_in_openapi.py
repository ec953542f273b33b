"""OpenAPI documents show each place where a token may stand: ``http`` for ``Authorization``, ``apiKey`` for others."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from fastapi import FastAPI, Security
from fastapi.testclient import TestClient
from flask import Flask
from ninja import NinjaAPI
from rest_framework.response import Response
from rest_framework.views import APIView

from jwks_auth.adapters import Authenticator
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.ninja import JWTBearer as NinjaBearer
from jwks_auth_django.rest_framework import HasScopes, JWTAuthentication
from jwks_auth_fastapi import JWTBearer
from jwks_auth_flask import JWKSAuth, require_jwt
from jwks_auth_flask.documents import schemes_of, secured

BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
ANY = {"type": "http", "scheme": "bearer"}
OPAQUE = {"INTROSPECTION": "opaque", "INTROSPECTION_CLIENT": {"ID": "api", "SECRET": "s"}}
COOKIE = {"type": "apiKey", "in": "cookie", "name": "session"}
HEADER = {"type": "apiKey", "in": "header", "name": "X-Token"}
JWT = {"type": "apiKey", "in": "header", "name": "Authorization", "description": "JWT and the token"}


PROVED = {
    "type": "http",
    "scheme": "dpop",
    "description": "A token that is bound to the client's key, with a proof in the header DPoP (RFC 9449). For clients "
    "in browsers CORS has to expose the headers WWW-Authenticate and DPoP-Nonce",
}
DPOP = {"DPOP_REPLAY": "memory", "PUBLIC_URL": "https://api.acme.dev"}


def own_token(credential: str) -> None:
    """Know none: a document says all the same that tokens are no JWTs alone."""


SCHEMES: list[tuple[dict[str, Any], list[dict[str, str]], list[str]]] = [
    ({}, [BEARER], [""]),
    ({"OTHER_TOKENS": own_token}, [ANY], [""]),
    (OPAQUE, [ANY], [""]),
    ({**OPAQUE, "INTROSPECTION": "always"}, [ANY], [""]),
    ({**DPOP, "DPOP": "accept"}, [BEARER, PROVED], ["", "-dpop"]),
    ({**DPOP, "DPOP": "require"}, [PROVED], [""]),
    ({"TOKEN_SOURCES": ["cookie:session"]}, [COOKIE], [""]),
    ({"TOKEN_SOURCES": ["header:X-Token"]}, [HEADER], [""]),
    ({"AUTH_SCHEMES": ["JWT", "Bearer"]}, [JWT], [""]),
    (
        {"TOKEN_SOURCES": ["header", "header:X-Token", "cookie:session"]},
        [BEARER, HEADER, COOKIE],
        ["", "-header-X-Token", "-cookie-session"],
    ),
]
each_setting = pytest.mark.parametrize(("settings", "schemes", "names"), SCHEMES, ids=lambda value: None)


@each_setting
def test_the_core_describes_each_source(settings: Any, schemes: Any, names: list[str]) -> None:
    """The first under the name that the document has for the scheme; characters that no name has become hyphens."""
    authenticator = Authenticator({**FakeIssuer().settings(), **settings})
    assert authenticator.security_schemes("jwt") == {
        f"jwt{name}": scheme for name, scheme in zip(names, schemes, strict=True)
    }


@each_setting
def test_fastapi(settings: Any, schemes: list[dict[str, str]], names: list[str]) -> None:
    """Each is enough; without the lifespan, the first one stands for all."""
    auth = JWTBearer({**FakeIssuer().settings(), **settings})
    app = FastAPI(lifespan=auth.lifespan)

    async def me(token: Any = Security(auth)) -> None:
        """Any good token."""

    app.add_api_route("/me", me)
    named = [f"JWTBearer{name}" for name in names]
    alone = FastAPI(routes=app.routes).openapi()
    assert alone["components"]["securitySchemes"] == {"JWTBearer": schemes[0]}
    with TestClient(app):
        document = app.openapi()
    assert document["components"]["securitySchemes"] == dict(zip(named, schemes, strict=True))
    assert document["paths"]["/me"]["get"]["security"] == [{name: []} for name in named]


@each_setting
def test_ninja(project: Any, settings: Any, schemes: Any, names: list[str]) -> None:
    """Each is enough, with the scopes of the operation."""
    api = NinjaAPI(urls_namespace="sources", docs_url=None)

    def me(request: Any) -> None:
        """Scopes."""

    api.get("/me", auth=NinjaBearer(scopes="a"))(me)
    project({}, **settings)
    document = api.get_openapi_schema(path_prefix="/")
    named = [f"JWTBearer{name}" for name in names]
    assert document["components"]["securitySchemes"] == dict(zip(named, schemes, strict=True))
    assert document["paths"]["/me"]["get"]["security"] == [{name: ["a"]} for name in named]


class Documented(APIView):
    """Guarded by a scope."""

    authentication_classes = [JWTAuthentication]
    permission_classes = [HasScopes("a")]
    schema = AutoSchema()  # type: ignore[no-untyped-call]

    def get(self, request: Any) -> Response:
        """Nothing."""
        return Response()


@each_setting
def test_spectacular(project: Any, settings: Any, schemes: Any, names: list[str]) -> None:
    """Each is enough; OpenAPI 3.0 has no scopes for them."""
    project({}, **settings)
    generator: Any = SchemaGenerator(patterns=[path("x", Documented.as_view())])
    document = generator.get_schema(request=None, public=True)
    named = [f"jwtAuth{name}" for name in names]
    assert document["components"]["securitySchemes"] == dict(zip(named, schemes, strict=True))
    assert [list(each) for each in document["paths"]["/x"]["get"]["security"]] == [[name] for name in named]


def flask_app(settings: Any, app: Flask) -> Flask:
    """One guarded view."""
    given = {**FakeIssuer().settings(), **settings}
    app.config.update({f"JWKS_AUTH_{name}": value for name, value in given.items()}, TESTING=True)
    JWKSAuth(app)
    return app


@each_setting
@pytest.mark.parametrize("version", ["3.1.0", "3.0.3"])
def test_flask_s_documents(settings: Any, schemes: Any, names: list[str], version: str) -> None:
    """Each is enough."""
    app = flask_app(settings, Flask(__name__))
    app.add_url_rule("/me", "me", require_jwt(scopes="a")(lambda: "x"))
    document = secured({"openapi": version, "paths": {"/me": {"get": {}}}}, app)
    named = [f"bearer{name}" for name in names]
    scopes = ["a"] if version == "3.1.0" else []
    assert document["components"]["securitySchemes"] == dict(zip(named, schemes, strict=True))
    assert document["paths"]["/me"]["get"]["security"] == [{name: scopes} for name in named]


@each_setting
def test_swagger_has_keys_in_headers_alone(settings: Any, schemes: Any, names: list[str]) -> None:
    """Its ``apiKey`` knows no cookie."""
    app = flask_app(settings, Flask(__name__))
    found = secured({"swagger": "2.0", "paths": {}}, app)["securityDefinitions"].values()
    assert {(each["type"], each["in"]) for each in found} <= {("apiKey", "header")}


@each_setting
def test_apiflask(settings: Any, schemes: Any, names: list[str]) -> None:
    """The plugin of apispec, which flask-smorest takes too."""
    apiflask = pytest.importorskip("apiflask")
    from jwks_auth_flask.openapi import BearerSecurity

    app: Any = apiflask.APIFlask(__name__)
    flask_app(settings, app)
    app.spec_plugins.append(BearerSecurity(app))
    app.get("/me")(require_jwt(lambda: {}))
    named = [f"bearer{name}" for name in names]
    with app.app_context():
        document = app.spec
    assert document["components"]["securitySchemes"] == dict(zip(named, schemes, strict=True))
    assert document["paths"]["/me"]["get"]["security"] == [{name: []} for name in named]


def test_before_the_extension_s_settings_no_document_says_jwt() -> None:
    """Nobody knows yet what tokens there will be."""
    assert schemes_of(Flask(__name__), "bearer") == {"bearer": ANY}


def test_ninja_s_own_scheme_object_does_not_say_jwt() -> None:
    """It is made before there are settings; the document has theirs."""
    assert NinjaBearer().openapi_security_schema == ANY
