"""Connexion 3 around Flask, for real, and apps that are no Flask apps at all."""

from __future__ import annotations

import sys
import types
import warnings
from typing import Any

import pytest
from a2wsgi import WSGIMiddleware
from flask import Flask, abort
from starlette.testclient import TestClient

from jwks_auth import ConfigurationError
from jwks_auth_flask import JWKSAuth, current_token, public, require_jwt
from tests.needs import need_module

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it uses what jsonschema deprecates
    import connexion

NEEDED = 'Bearer realm="api", scope="orders:read"'


@require_jwt(scopes="orders:read")
def get_orders(limit: int = 1) -> Any:
    """An operation of the document below."""
    if limit > 9:
        abort(404)
    return {"of": current_token.subject, "limit": limit}, 200, {"Cache-Control": "public"}


SPECIFICATION: dict[str, Any] = {
    "openapi": "3.0.0",
    "info": {"title": "Orders", "version": "1"},
    "paths": {
        "/orders": {
            "get": {
                "operationId": "operations_under_test.get_orders",
                "parameters": [{"in": "query", "name": "limit", "schema": {"type": "integer"}}],
                "responses": {"200": {"description": "Orders"}},
            }
        }
    },
}


@pytest.fixture
def around(issuer, auth, monkeypatch):
    """A Connexion app, handed over as it is, with an operation that takes a parameter."""
    operations = types.ModuleType("operations_under_test")
    operations.get_orders = get_orders  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, operations.__name__, operations)
    app = connexion.FlaskApp(__name__)
    app.app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"))
    auth.init_app(app)
    app.add_api(SPECIFICATION)
    return app


def test_an_operation_is_guarded(around, issuer):
    """Its parameters arrive, and the table of routes says what it asks."""
    client = around.test_client()
    answer = client.get("/orders?limit=3", headers=issuer.headers(sub="u1", scope="orders:read"))
    assert (answer.json(), answer.headers["cache-control"]) == ({"of": "u1", "limit": 3}, "private")
    table = around.app.test_cli_runner().invoke(args=["jwks", "routes"]).output
    assert "/orders                  GET  token with scopes orders:read" in table


def test_refusals_keep_their_challenge(around, issuer):
    """Connexion answers them without headers; they come back, once each."""
    answer = around.test_client().get("/orders")
    assert (answer.status_code, answer.json()["title"]) == (401, "Unauthorized")
    assert answer.headers.get_list("www-authenticate") == [NEEDED]
    assert answer.headers.get_list("vary") == ["Authorization"]


def test_other_errors_are_marked_for_caches(around, issuer):
    """They left Flask as exceptions, and depend on the token all the same; they have no challenge."""
    answer = around.test_client().get("/orders?limit=10", headers=issuer.headers(scope="orders:read"))
    assert (answer.status_code, answer.headers["vary"]) == (404, "Authorization")
    assert "www-authenticate" not in answer.headers


def test_what_connexion_answers_by_itself_is_left_alone(around):
    """A parameter that is no number is refused before Flask is asked."""
    answer = around.test_client().get("/orders?limit=x")
    assert (answer.status_code, "vary" in answer.headers) == (400, False)


def test_a_handler_with_another_status_has_no_challenge(around):
    """As in Flask: a redirect to a page is no refusal."""

    def elsewhere(request: Any, error: Any) -> Any:
        return connexion.lifecycle.ConnexionResponse(302, headers={"Location": "/login"})

    around.add_error_handler(401, elsewhere)
    answer = around.test_client().get("/orders", follow_redirects=False)
    assert (answer.status_code, "www-authenticate" in answer.headers) == (302, False)


def test_a_guard_on_the_whole_app(around, auth):
    """``protect`` takes the Connexion app, too."""
    auth.protect(around)
    around.add_url_rule("/own", "own", lambda: {})
    around.add_url_rule("/open", "open", public(lambda: {}))
    client = around.test_client()
    assert [client.get(path).status_code for path in ("/own", "/open")] == [401, 200]


def test_the_flask_app_within_answers_alone_too(around, issuer):
    """As its own test client asks it, without Connexion's middleware."""
    around.app.add_url_rule("/own", "own", require_jwt(lambda: {}))
    answer = around.app.test_client().get("/own", headers=issuer.headers())
    assert (answer.status_code, answer.headers["Vary"]) == (200, "Authorization")


def test_another_server_for_asgi_needs_no_help(app, issuer):
    """The control: without Connexion, Flask answers by itself below ASGI, and alone."""
    app.add_url_rule("/orders", view_func=require_jwt(scopes="orders:read")(lambda: {}))
    client = TestClient(WSGIMiddleware(app))
    assert client.get("/orders").headers["www-authenticate"] == NEEDED


def foreign(name: str) -> Any:
    """An app of another framework."""
    if name == "quart":
        return need_module("quart").Quart("x")
    return connexion.AsyncApp("x") if name == "connexion" else object()


@pytest.mark.parametrize("name", ["quart", "connexion", "builtins"])
def test_what_is_no_flask_app_is_named(auth: JWKSAuth, name):
    """With the page to read; nothing is half set up."""
    for give in (JWKSAuth, auth.init_app, auth.protect):
        with pytest.raises(
            ConfigurationError, match=rf"found a {name}\.\w+, which is no Flask app; docs/how-to/recipes"
        ):
            give(foreign(name))


def test_without_connexion_nothing_is_looked_for(issuer, monkeypatch):
    """Most apps never import it."""
    monkeypatch.delitem(sys.modules, "connexion")
    app = Flask("x")
    app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"))
    JWKSAuth(app)
    app.add_url_rule("/me", view_func=require_jwt(lambda: {}))
    assert app.test_client().get("/me").status_code == 401
