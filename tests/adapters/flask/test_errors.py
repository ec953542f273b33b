"""Refusals as Flask exceptions: found by every kind of error handler, and never without their challenge."""

from __future__ import annotations

import pytest
from flask import Blueprint, Flask, jsonify
from werkzeug.exceptions import HTTPException, Unauthorized

from jwks_auth import AuthError
from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import AuthRejected, require_jwt

EXPIRED = 'Bearer realm="api", error="invalid_token", error_description="The access token has expired"'


@pytest.fixture
def client(app):
    """A client of an app with one guarded view."""
    app.add_url_rule("/", view_func=require_jwt(scopes="a")(lambda: {}))
    return app.test_client()


def test_the_default_answer_is_json(client, issuer):
    """RFC 6750's error and description, and the challenge the core builds."""
    answer = client.get("/", headers=issuer.headers(expires_in=-100))
    assert (answer.status_code, answer.content_type) == (401, "application/json")
    assert answer.json == {"error": "invalid_token", "error_description": "The access token has expired"}
    assert answer.headers.getlist("WWW-Authenticate") == [EXPIRED + ', scope="a"']


@pytest.mark.parametrize("key", [AuthRejected, 401, Unauthorized, HTTPException, Exception], ids=str)
@pytest.mark.parametrize("place", ["app", "blueprint"])
def test_handlers_are_found(app, issuer, key, place):
    """By the class, the status, its werkzeug class, or a base of all; the app's or the blueprint's."""
    blueprint = Blueprint("api", __name__)
    blueprint.add_url_rule("/", view_func=require_jwt(lambda: {}))
    owner = app if place == "app" else blueprint
    owner.register_error_handler(
        key, lambda error: (jsonify(told=error.error.code, name=error.name), error.code)
    )
    app.register_blueprint(blueprint)
    answer = app.test_client().get("/", headers=issuer.headers(expires_in=-100))
    assert (answer.status_code, answer.json) == (401, {"told": "expired", "name": "Unauthorized"})
    assert answer.headers.getlist("WWW-Authenticate") == [EXPIRED]


@pytest.mark.parametrize(
    ("status", "headers"),
    [(400, {"Authorization": "Bearer"}), (401, {}), (403, {"scope": "b"})],
)
def test_each_status_has_its_handler(app, client, issuer, status, headers):
    """400, 401 and 403 each reach the handler of their own number."""
    app.register_error_handler(status, lambda error: (f"handled {error.code}", status))
    sent = issuer.headers(**headers) if "scope" in headers else headers
    answer = client.get("/", headers=sent)
    assert (answer.status_code, answer.text) == (status, f"handled {status}")
    assert "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize("handled", [False, True])
def test_no_keys_is_503_and_has_its_handler(auth, handled):
    """An issuer that can't be reached is not the client's fault: ``Retry-After``, no challenge."""
    app = Flask(__name__)
    if handled:
        app.register_error_handler(503, lambda error: ({"error": error.error.error}, 503))
    with FakeIssuer.serve() as issuer, issuer.outage():
        app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"))
        auth.init_app(app)
        app.add_url_rule("/", view_func=require_jwt(lambda: {}))
        answer = app.test_client().get("/", headers=issuer.headers())
    assert (answer.status_code, answer.json["error"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "WWW-Authenticate" not in answer.headers
    assert ("error_description" in answer.json) != handled


def test_a_status_of_the_app_s_own(make_app, issuer):
    """A validator may raise an error with any status; handlers of the class still find it."""

    class Legal(AuthError):
        status = 451

    def refuse(token, now):
        raise Legal("legal", "Not here")

    app = make_app(JWKS_AUTH_VALIDATORS=[refuse])
    app.add_url_rule("/", view_func=require_jwt(lambda: {}))
    app.register_error_handler(AuthRejected, lambda error: error.get_response())
    answer = app.test_client().get("/", headers=issuer.headers())
    assert (answer.status_code, answer.json["error_description"]) == (451, "Not here")


def test_flask_s_documented_json_handler_keeps_everything(app, client):
    """The generic handler of Flask's documentation changes the body and nothing else."""

    @app.errorhandler(HTTPException)
    def handle_exception(e):
        response = e.get_response()
        response.data = jsonify(code=e.code, name=e.name, description=e.description).data
        response.content_type = "application/json"
        return response

    answer = client.get("/")
    assert answer.json == {"code": 401, "name": "Unauthorized", "description": "Authentication is required"}
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api", scope="a"'


def test_a_handler_s_own_challenge_is_kept(app, client):
    """Whoever writes the header knows better."""
    app.register_error_handler(401, lambda error: ("", 401, {"WWW-Authenticate": "Custom"}))
    assert client.get("/").headers.getlist("WWW-Authenticate") == ["Custom"]


def test_a_handler_that_answers_otherwise_gets_no_challenge(app, client):
    """A login page is not a 401."""
    app.register_error_handler(AuthRejected, lambda error: ("", 302, {"Location": "/login"}))
    answer = client.get("/")
    assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (302, False)


def test_nothing_is_registered_for_others_exceptions(app):
    """No handlers: an app with the extension handles errors as before."""
    assert {code: dict(found) for code, found in app.error_handler_spec[None].items()} == {}
    assert dict(app.teardown_request_funcs) == {}
    app.add_url_rule("/crash", view_func=lambda: 1 / 0, endpoint="crash")
    assert app.test_client().get("/crash").status_code == 500


def test_a_view_may_catch_it(app):
    """It is an ordinary exception of the view's own stack."""
    inner = require_jwt(lambda: {})

    @app.get("/")
    def view():
        try:
            return inner()
        except AuthRejected as error:
            return {"caught": error.error.code}

    answer = app.test_client().get("/")
    assert (answer.status_code, answer.json) == (200, {"caught": "missing_token"})
    assert "WWW-Authenticate" not in answer.headers


def test_nothing_a_client_sends_is_echoed(client, issuer):
    """Whatever stands in a token, the answer is a constant."""
    answer = client.get(
        "/", headers=issuer.headers(scope="secret", sub="<script>", aud="x\r\nSet-Cookie: a=b")
    )
    assert b"<script" not in answer.data
    assert "Set-Cookie" not in answer.headers
