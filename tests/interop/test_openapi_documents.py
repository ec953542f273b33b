"""OpenAPI documents of guarded APIs: valid for the version they claim, and good enough to generate clients from."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from django.http import HttpRequest
from fastapi import FastAPI, Security
from flask import Flask
from flask.views import MethodView
from flask_smorest import Api, Blueprint
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from jwks_auth import Policy
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer as FastAPIBearer
from jwks_auth_fastapi import OpenAPISettings
from jwks_auth_flask import JWKSAuth, require_jwt
from jwks_auth_flask.openapi import BearerSecurity
from tests.needs import need_tool

import_module("tests.django_site")  # loads Django

from django.urls import path  # noqa: E402
from drf_spectacular.generators import SchemaGenerator  # noqa: E402
from drf_spectacular.settings import spectacular_settings  # noqa: E402
from drf_spectacular.utils import extend_schema  # noqa: E402
from ninja import NinjaAPI  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from jwks_auth_django.ninja import JWTBearer as NinjaBearer  # noqa: E402
from jwks_auth_django.rest_framework import HasAnyScope, HasRole, HasScopes  # noqa: E402

Document = dict[str, Any]
DISCOVERED = {"type": "openIdConnect", "openIdConnectUrl": "https://issuer.example/oidc"}
EITHER = Policy(scopes="orders:write") | Policy(roles="admin")


def ninja(version: str) -> Document:
    """Ninja's, which claims 3.1 always."""
    api = NinjaAPI(urls_namespace="documents-of-ninja", auth=NinjaBearer(scopes="orders:read"))

    @api.get("/orders")
    def orders(request: HttpRequest, page: int = 1) -> list[str]:
        return []

    @api.post("/orders", auth=NinjaBearer(policy=EITHER), response={201: None})
    async def order(request: HttpRequest) -> None: ...

    @api.get("/news", auth=None)
    def news(request: HttpRequest) -> list[str]:
        return []

    found: Document = api.get_openapi_schema(path_prefix="")
    return found


class Orders(APIView):
    """Views as they come: scopes, a composition."""

    permission_classes = [HasScopes("orders:read") & (HasAnyScope("a", "b") | HasRole("admin"))]

    @extend_schema(responses={200: dict}, request=None)
    def get(self, request: Any) -> Response:
        """List them."""
        return Response({})


def spectacular(version: str) -> Document:
    """drf-spectacular's."""
    spectacular_settings.apply_patches({"OAS_VERSION": version})
    try:
        found: Document = SchemaGenerator(patterns=[path("orders", Orders.as_view())]).get_schema(public=True)
    finally:
        spectacular_settings.clear_patches()
    return found


def fastapi(version: str, openapi: Any = "bearer") -> Document:
    """FastAPI's own."""
    auth = FastAPIBearer(FakeIssuer().settings(), openapi=openapi)
    app = FastAPI(responses=auth.responses)
    app.openapi_version = version

    @app.get("/orders", dependencies=[Security(auth, scopes=["orders:read"])])
    def orders(page: int = 1) -> list[str]:
        return []

    @app.get("/me", dependencies=[Security(auth.optional)])
    def me() -> list[str]:
        return []

    return app.openapi()


SIGN_IN = OpenAPISettings(
    kind="oauth2",
    authorization_url="https://issuer.example/authorize",
    token_url="https://issuer.example/token",
    scopes={"orders:read": "Read orders"},
)


def fastapi_discovered(version: str) -> Document:
    """With a scheme that may have scopes in every version."""
    return fastapi(version, "openIdConnect")


def fastapi_signed_in(version: str) -> Document:
    """With the other one."""
    return fastapi(version, SIGN_IN)


def smorest(version: str, **options: Any) -> Document:
    """flask-smorest's."""
    app = Flask(__name__)
    names = {"API_TITLE": "orders", "API_VERSION": "1", "OPENAPI_VERSION": version, "OPENAPI_URL_PREFIX": "/"}
    app.config.from_mapping(FakeIssuer().settings(prefix="JWKS_AUTH_"), **names)
    JWKSAuth(app)
    blueprint = Blueprint("orders", __name__)

    @blueprint.route("/orders/<int:number>")
    class Order(MethodView):
        @blueprint.response(200)
        @require_jwt(scopes="orders:read")
        def get(self, number: int) -> Any:
            return {}

        @blueprint.response(200)
        @require_jwt(policy=EITHER)
        def put(self, number: int) -> Any:
            return {}

    @blueprint.route("/news")
    @blueprint.response(200)
    @require_jwt(optional=True)
    def news() -> Any:
        return {}

    api = Api(app, spec_kwargs={"extra_plugins": [BearerSecurity(app, **options)]})
    api.register_blueprint(blueprint)
    found: Document = app.test_client().get("/openapi.json").json
    return found


def smorest_discovered(version: str) -> Document:
    """With a scheme that may have scopes in every version."""
    return smorest(version, scheme=DISCOVERED)


def apiflask(version: str) -> Document:
    """APIFlask's."""
    app = APIFlask(__name__)
    app.config.from_mapping(FakeIssuer().settings(prefix="JWKS_AUTH_"), OPENAPI_VERSION=version)
    JWKSAuth(app)
    app.spec_plugins.append(BearerSecurity(app))

    @app.get("/orders/<int:number>")
    @app.output({})
    @require_jwt(policy=EITHER)
    def order(number: int) -> Any:
        return {}

    @app.get("/orders")
    @app.output({})
    @require_jwt(any_scope=["a", "b"])
    def orders() -> Any:
        return {}

    found: Document = app.test_client().get("/openapi.json").json
    return found


DOCUMENTS: list[tuple[Callable[[str], Document], str, bool]] = [
    (ninja, "3.1.0", True),
    (spectacular, "3.0.3", False),
    (spectacular, "3.1.0", True),
    (fastapi, "3.1.0", True),
    (fastapi_discovered, "3.0.2", True),
    (fastapi_signed_in, "3.0.2", True),
    (smorest, "3.0.3", False),
    (smorest, "3.1.0", True),
    (smorest_discovered, "3.0.3", True),
    (apiflask, "3.0.3", False),
    (apiflask, "3.1.0", True),
]
EACH = pytest.mark.parametrize(
    ("make", "version", "scoped"),
    DOCUMENTS,
    ids=[f"{make.__name__} {version}" for make, version, _ in DOCUMENTS],
)


def made(make: Callable[[str], Document], version: str) -> Document:
    """The document, as a client reads it."""
    found: Document = json.loads(json.dumps(make(version)))
    assert found["openapi"] == version
    return found


def requirements(document: Document) -> Iterator[tuple[Document, list[str]]]:
    """Each scheme that an operation names, with its scopes."""
    schemes = document["components"]["securitySchemes"]
    for item in document["paths"].values():
        for operation in item.values():
            for entry in operation.get("security", ()) if isinstance(operation, dict) else ():
                yield from ((schemes[name], scopes) for name, scopes in entry.items())


def out_of_place(document: Document) -> list[Any]:
    """The schemes that this version of OpenAPI allows no scopes for, and that have some all the same."""
    allowed = ("oauth2", "openIdConnect")
    return [
        (scheme, scopes)
        for scheme, scopes in requirements(document)
        if scopes and document["openapi"].startswith("3.0") and scheme["type"] not in allowed
    ]


@EACH
def test_a_document_is_valid_for_the_version_it_claims(
    make: Callable[[str], Document], version: str, scoped: bool
) -> None:
    """By OpenAPI's schema, and by the specification's rule for scopes; they are there where they may be."""
    document = made(make, version)
    validate(document)
    assert out_of_place(document) == []
    assert any(scopes for _, scopes in requirements(document)) is scoped
    assert list(requirements(document))


def test_what_is_not_valid_is_found() -> None:
    """The control."""
    document = made(smorest, "3.1.0")
    assert out_of_place({**document, "openapi": "3.0.3"})
    with pytest.raises(OpenAPIValidationError):
        validate({**document, "paths": {"/x": {"get": {"responses": {"200": {}}, "security": "bearer"}}}})


@EACH
def test_clients_are_generated(
    make: Callable[[str], Document], version: str, scoped: bool, tmp_path: Path
) -> None:
    """By openapi-typescript: the types of a client that knows each path."""
    generator = need_tool("openapi-typescript")
    document, source, target = made(make, version), tmp_path / "openapi.json", tmp_path / "client.ts"
    source.write_text(json.dumps(document))
    done = subprocess.run([generator, source, "--output", target], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    types = target.read_text()
    for name in document["paths"]:
        assert f'"{name}": {{' in types
