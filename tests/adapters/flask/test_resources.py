"""Flask-RESTX and Flask-RESTful, for real: a guard in ``method_decorators`` is one in tables and documents too."""

from __future__ import annotations

import functools
from typing import Any

import flask_restful
import flask_restx
import pytest
from flask import Flask, current_app, request
from flask.views import MethodView

from jwks_auth_flask import current_token, public, require_jwt
from jwks_auth_flask.documents import secured

FLAVOURS = [flask_restx, flask_restful]
each_flavour = pytest.mark.parametrize("flavour", FLAVOURS, ids=lambda flavour: flavour.__name__)


def subject(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """The sender."""
    return {"sub": current_token.subject if current_token else None}


def table(app: Flask) -> dict[str, str]:
    """The rows of ``flask jwks routes`` below ``/orders``."""
    output = app.test_cli_runner().invoke(args=["jwks", "routes"]).output
    rows = [line.split("  ") for line in output.splitlines() if line.startswith("/orders")]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    return {f"{methods} {path}": state for path, methods, state in cells}


def resource(flavour: Any, **members: Any) -> Any:
    """A resource with a method ``get``."""
    return type("Orders", (flavour.Resource,), {"get": subject} | members)


def served(app: Flask, flavour: Any, kind: Any, **options: Any) -> Flask:
    """The app with *kind* at ``/orders``."""
    flavour.Api(app, **options).add_resource(kind, "/orders")
    return app


def around(view: Any) -> Any:
    """A decorator as most are."""

    @functools.wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return wrapper


WAYS: dict[str, dict[str, Any]] = {
    "bare": {"method_decorators": [require_jwt]},
    "below another": {"method_decorators": [require_jwt, around]},
    "above another": {"method_decorators": (around, require_jwt)},
    "on the method": {"get": require_jwt(subject)},
    "on the class": {"decorators": [require_jwt]},
    "within one that does nothing": {"get": require_jwt(subject), "method_decorators": [around]},
}


@each_flavour
@pytest.mark.parametrize("way", WAYS)
def test_a_guard_of_a_resource_is_listed(app, issuer, flavour, way):
    """The table says what a request meets."""
    served(app, flavour, resource(flavour, **WAYS[way]))
    client = app.test_client()
    assert client.get("/orders").status_code == 401
    assert client.get("/orders", headers=issuer.headers(sub="u1")).json == {"sub": "u1"}
    assert table(app) == {"GET /orders": "token"}


@each_flavour
def test_a_guard_of_the_api_is_listed(app, issuer, flavour):
    """``Api(decorators=[...])`` guards every resource."""
    served(app, flavour, resource(flavour), decorators=[require_jwt(scopes="orders:read")])
    assert app.test_client().get("/orders").status_code == 401
    assert table(app) == {"GET /orders": "token with scopes orders:read"}


def test_restfuls_decorators_by_method(app, issuer):
    """A mapping names the methods that each list is for; the others are open, and said to be."""
    kind = resource(flask_restful, post=subject, method_decorators={"post": [require_jwt(scopes="a")]})
    served(app, flask_restful, kind)
    client = app.test_client()
    assert (client.get("/orders").status_code, client.post("/orders").status_code) == (200, 401)
    assert table(app) == {"GET /orders": "UNPROTECTED", "POST /orders": "token with scopes a"}


@each_flavour
def test_an_open_resource_is_called_open(app, flavour):
    """The control: decorators that ask nothing guard nothing."""
    served(app, flavour, resource(flavour, method_decorators=[around]))
    assert app.test_client().get("/orders").status_code == 200
    assert table(app) == {"GET /orders": "UNPROTECTED"}


@each_flavour
def test_a_decorator_that_needs_the_request_is_not_called_a_guard(app, flavour):
    """Nobody can tell what it asks: what cannot be read is not called guarded."""

    def needing(view: Any) -> Any:
        assert request.method
        return require_jwt(view)

    served(app, flavour, resource(flavour, method_decorators=[needing]))
    assert app.test_client().get("/orders").status_code == 401
    assert table(app) == {"GET /orders": "UNPROTECTED"}


@each_flavour
def test_a_function_may_be_open_elsewhere(app, flavour):
    """A guard around a resource's method says nothing of the same function as a view of its own."""

    def orders(*args: Any) -> dict[str, Any]:
        return {"orders": []}

    served(app, flavour, resource(flavour, get=orders, method_decorators=[require_jwt]))
    app.add_url_rule("/orders/open", "open", orders)
    client = app.test_client()
    for _ in range(2):
        assert [client.get(path).status_code for path in ("/orders", "/orders/open")] == [401, 200]
        assert table(app) == {"GET /orders": "token", "GET /orders/open": "UNPROTECTED"}


def test_a_name_that_nothing_reads_is_no_guard(app):
    """``method_decorators`` of Flask's own class is an attribute like any; the table does not believe it."""
    kind = type("Orders", (MethodView,), {"get": subject, "method_decorators": [require_jwt]})
    app.add_url_rule("/orders", view_func=kind.as_view("orders"))
    assert app.test_client().get("/orders").status_code == 200
    assert table(app) == {"GET /orders": "UNPROTECTED"}


@each_flavour
def test_marks_among_them_count_under_deny_by_default(make_app, issuer, flavour):
    """``public`` and ``optional=True`` exempt there too."""
    for marks in ([public], [require_jwt(optional=True)]):
        app = served(make_app(JWKS_AUTH_REQUIRED=True), flavour, resource(flavour, method_decorators=marks))
        assert app.test_client().get("/orders").json == {"sub": None}


def test_scopes_in_restxs_document(app, issuer):
    """Swagger 2 knows a header; an operation that says otherwise by hand keeps what it says."""

    class Api(flask_restx.Api):
        @property
        def __schema__(self) -> Any:
            return secured(super().__schema__, current_app)

    api = Api(app, prefix="/v1")
    kind = resource(flask_restx, post=api.doc(security="mine")(lambda self, number: {}))
    kind.method_decorators = [require_jwt(scopes="orders:read")]
    api.add_resource(kind, "/orders/<int:number>")
    api.add_resource(type("Open", (flask_restx.Resource,), {"get": subject}), "/open")
    document = app.test_client().get("/v1/swagger.json").json
    assert document["securityDefinitions"] == {
        "bearer": {"type": "apiKey", "in": "header", "name": "Authorization"}
    }
    [orders] = [item for path, item in document["paths"].items() if path.endswith("/orders/{number}")]
    assert orders["get"]["security"] == [{"bearer": []}]
    assert orders["post"]["security"] == [{"mine": []}]
    [opened] = [item for path, item in document["paths"].items() if path.endswith("/open")]
    assert "security" not in opened["get"]
    assert app.test_client().get("/v1/orders/1").status_code == 401


def test_scopes_in_a_document_by_hand(app):
    """OpenAPI 3 has the scheme, the scopes, and those schemes that were there."""
    served(app, flask_restful, resource(flask_restful, method_decorators=[require_jwt(scopes="a b")]))
    given = {
        "openapi": "3.1.0",
        "paths": {"/orders": {"get": {"summary": "Orders"}}, "/elsewhere": {"get": {}}},
        "components": {"securitySchemes": {"key": {}}, "schemas": {}},
    }
    document = secured(given, app)
    assert document["paths"]["/orders"]["get"] == {"summary": "Orders", "security": [{"bearer": ["a", "b"]}]}
    assert document["paths"]["/elsewhere"] == {"get": {}}
    assert set(document["components"]["securitySchemes"]) == {"bearer", "key"}
    assert given["paths"]["/orders"] == {"get": {"summary": "Orders"}}
