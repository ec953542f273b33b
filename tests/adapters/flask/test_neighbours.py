"""The extensions Flask APIs are built with, for real: each works beside this one."""

from __future__ import annotations

import flask_login
import flask_smorest
import pytest
from apiflask import APIFlask
from flask import Flask, request
from flask.views import MethodView
from flask_cors import CORS, cross_origin
from flask_limiter import Limiter

from jwks_auth import Policy
from jwks_auth_flask import JWKSAuth, current_token, public, require_jwt
from jwks_auth_flask.documents import secured
from jwks_auth_flask.openapi import BearerSecurity

PAGE = "https://page.example"
PREFLIGHT = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "authorization",
}


# Flask-Login 0.6 dates its cookies by a function that Python 3.12 deprecates.
@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
class TestFlaskLogin:
    """A bearer token is one more way to be signed in."""

    @pytest.fixture
    def client(self, app: Flask, auth: JWKSAuth):
        """An app with sessions, bearer tokens, and a view that takes either."""
        app.secret_key = "for the session cookie"
        manager = flask_login.LoginManager(app)
        manager.request_loader(auth.request_loader)

        @manager.user_loader
        def by_session(user_id):
            return flask_login.UserMixin() if user_id == "session" else None

        @app.get("/login")
        def login():
            user = flask_login.UserMixin()
            user.id = "session"
            flask_login.login_user(user, remember="remember" in request.args)
            return {}

        @app.get("/me")
        @flask_login.login_required
        def me():
            return {"id": flask_login.current_user.get_id() if current_token else "by session"}

        @app.get("/kind")
        @flask_login.login_required
        def kind():
            return {"service": flask_login.current_user.is_service}

        return app.test_client()

    def test_a_token_signs_in(self, client, issuer):
        """``login_required`` lets it pass; the user's id is the subject."""
        assert client.get("/me", headers=issuer.headers(sub="u1")).json == {"id": "u1"}

    def test_services_without_a_subject_share_no_id(self, client, issuer):
        """Two tokens with an empty ``sub`` are not one user."""
        claims = [{"client_id": None, "common_name": name} for name in ("a", "b")]
        found = [client.get("/me", headers=issuer.headers(sub="", **each)).json["id"] for each in claims]
        assert found == ["a", "b"]
        assert client.get("/kind", headers=issuer.headers(sub="")).json == {"service": True}
        assert client.get("/kind", headers=issuer.headers(sub="u1")).json == {"service": False}

    def test_the_apps_own_user_is_used(self, client, auth, issuer):
        """With a ``user_loader``, Flask-Login's current user is what it returned."""

        class Account(flask_login.UserMixin):
            id = "account"

        auth.user_loader(lambda token: Account())
        assert client.get("/me", headers=issuer.headers(sub="u1")).json == {"id": "account"}

    def test_a_bad_token_is_never_anonymous(self, client, issuer):
        """It is refused with its own challenge, not with Flask-Login's bare 401."""
        answer = client.get("/me", headers=issuer.headers(expires_in=-100))
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")

    @pytest.mark.parametrize("remember", [False, True])
    def test_a_bad_token_is_refused_beside_a_good_session(self, client, issuer, remember):
        """A sender that shows a bad token is not who its cookie says; without the token it is."""
        client.get("/login", query_string={"remember": "1"} if remember else {})
        if remember:
            client.delete_cookie("session")
        answer = client.get("/me", headers=issuer.headers(expires_in=-100))
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")
        assert client.get("/me", headers={"Authorization": "Bearer"}).status_code == 400
        assert client.get("/me").json == {"id": "by session"}

    @pytest.mark.parametrize("remember", [False, True])
    def test_a_good_token_wins_over_a_session(self, client, issuer, remember):
        """It was sent on purpose; browsers send cookies unasked. The session stays as it was."""
        client.get("/login", query_string={"remember": "1"} if remember else {})
        if remember:
            client.delete_cookie("session")
        assert client.get("/me", headers=issuer.headers(sub="u1")).json == {"id": "u1"}
        assert client.get("/me").json == {"id": "by session"}

    def test_a_view_that_asks_for_no_user_looks_at_no_token(self, client, issuer):
        """As for any view without a guard."""
        assert client.get("/login", headers=issuer.headers(expires_in=-100)).status_code == 200

    def test_a_page_for_no_view_has_a_user_too(self, app, auth, issuer):
        """The first request of all may be for an unknown URL."""
        app.secret_key = "for the session cookie"
        flask_login.LoginManager(app).request_loader(auth.request_loader)
        app.login_manager.user_loader(lambda user_id: flask_login.UserMixin())
        app.register_error_handler(404, lambda error: {"id": flask_login.current_user.get_id()})
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = "session"
        assert client.get("/unknown", headers=issuer.headers(sub="u1")).json == {"id": "u1"}

    def test_apps_may_share_a_manager(self, issuer, auth):
        """A module has one manager for all the apps that its factory makes; it is arranged once."""
        manager = flask_login.LoginManager()
        manager.request_loader(auth.request_loader)
        arranged = set()
        for name in ("a", "b"):
            app = Flask(name)
            app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"), SECRET_KEY="x")
            auth.init_app(app)
            manager.init_app(app)
            app.add_url_rule("/me", view_func=lambda: {"id": flask_login.current_user.get_id()})
            assert app.test_client().get("/me", headers=issuer.headers(sub="u1")).json == {"id": "u1"}
            arranged.add(id(manager._load_user))
        assert len(arranged) == 1

    def test_a_loader_of_ones_own_comes_after_the_session(self, make_app, issuer, auth):
        """The control: only the extension's own method says that tokens sign in."""
        app = make_app(SECRET_KEY="for the session cookie")
        manager = flask_login.LoginManager(app)
        manager.user_loader(lambda user_id: flask_login.UserMixin())
        manager.request_loader(lambda request: None)
        app.add_url_rule("/me", view_func=flask_login.login_required(lambda: {}))
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = "session"
        assert client.get("/me", headers=issuer.headers(expires_in=-100)).status_code == 200

    def test_without_a_token_flask_login_decides(self, client):
        """Its session and its own refusal work as before."""
        assert client.get("/me").status_code == 401
        client.get("/login")
        assert client.get("/me").json == {"id": "by session"}


class TestFlaskCORS:
    """Preflights pass, and a refusal can be read by the page that caused it."""

    @pytest.mark.parametrize("guard", ["decorator", "required"])
    def test_cors_on_the_app(self, make_app, issuer, guard):
        """``CORS(app)``: preflights need no token, and every answer has its headers."""
        app = make_app(JWKS_AUTH_REQUIRED=guard == "required")
        CORS(app, origins=[PAGE], expose_headers=["WWW-Authenticate"])
        app.add_url_rule("/", view_func=require_jwt(lambda: {}) if guard == "decorator" else lambda: {})
        client = app.test_client()
        answer = client.options("/", headers=PREFLIGHT)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, PAGE)
        for headers, status in (({}, 401), (issuer.headers(), 200)):
            answer = client.get("/", headers={"Origin": PAGE, **headers})
            assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, PAGE)

    @pytest.mark.parametrize("required", [False, True])
    def test_cross_origin_above_the_decorator(self, make_app, issuer, required):
        """``@cross_origin`` answers preflights itself, before ``@require_jwt`` and past app guards."""
        app = make_app(JWKS_AUTH_REQUIRED=required)
        app.add_url_rule("/", view_func=cross_origin(origins=[PAGE])(require_jwt(lambda: {})))
        client = app.test_client()
        answer = client.options("/", headers=PREFLIGHT)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, PAGE)
        assert client.get("/", headers=issuer.headers()).status_code == 200
        assert client.get("/").status_code == 401

    def test_options_without_preflight_headers_is_no_preflight(self, make_app):
        """What merely has the method OPTIONS is a request like any other."""
        app = make_app(JWKS_AUTH_REQUIRED=True)
        app.add_url_rule("/", view_func=cross_origin(origins=[PAGE])(lambda: {}))
        assert app.test_client().options("/").status_code == 401


def subject():
    """The limiter's key."""
    return current_token.subject


class TestFlaskLimiter:
    """Limits count by ``current_token.subject`` wherever the token is known before they are asked."""

    def counts(self, app: Flask, issuer) -> list[int]:
        """The statuses of four requests, the last of them one too many."""
        client = app.test_client()
        return [
            client.get("/", headers=issuer.headers(sub=sub)).status_code for sub in ("u1", "u1", "u2", "u1")
        ]

    def test_with_an_app_wide_guard(self, make_app, issuer):
        """Guards come before the limiter when the extension is set up before it."""
        app = make_app(JWKS_AUTH_REQUIRED=True)
        Limiter(subject, app=app, storage_uri="memory://", default_limits=["2/minute"])
        app.add_url_rule("/", view_func=lambda: {})
        assert self.counts(app, issuer) == [200, 200, 200, 429]

    def test_below_the_decorator(self, app, issuer):
        """A limit below ``@require_jwt`` is asked after it."""
        limiter = Limiter(subject, app=app, storage_uri="memory://")
        app.add_url_rule("/", view_func=require_jwt(limiter.limit("2/minute")(lambda: {})))
        assert self.counts(app, issuer) == [200, 200, 200, 429]
        assert app.test_client().get("/").status_code == 401


BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class TestFlaskSmorest:
    """The document names the scheme and each operation's scopes; refusals keep their challenge."""

    @pytest.fixture
    def app(self, make_app, auth):
        """An API with views of every kind, in a protected blueprint."""
        app = make_app(API_TITLE="orders", API_VERSION="1", OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX="/")
        blueprint = flask_smorest.Blueprint("orders", __name__)

        @blueprint.route("/orders/<int:number>")
        class Order(MethodView):
            @blueprint.response(200)
            @require_jwt(scopes="orders:read")
            def get(self, number):
                return {}

            @require_jwt(any_scope=["orders:write", "orders:admin"])
            @blueprint.response(200)
            def put(self, number):
                return {}

            def delete(self, number):
                return {}

        @blueprint.route("/optional")
        @require_jwt(optional=True)
        def optional():
            return {}

        auth.protect(blueprint, roles="clerk")
        api = flask_smorest.Api(app, spec_kwargs={"extra_plugins": [BearerSecurity(app)]})
        api.register_blueprint(blueprint)
        return app

    def test_the_document(self, app):
        """Decorators and guards together, in either order with ``response``."""
        document = app.test_client().get("/openapi.json").json
        assert document["components"]["securitySchemes"] == {"bearer": BEARER}
        operations = document["paths"]["/orders/{number}"]
        assert {method: operations[method]["security"] for method in ("get", "put", "delete")} == {
            "get": [{"bearer": ["orders:read"]}],
            "put": [{"bearer": ["orders:write"]}, {"bearer": ["orders:admin"]}],
            "delete": [{"bearer": []}],
        }

    def test_refusals_keep_their_challenge(self, app, issuer):
        """Its handler for ``HTTPException`` makes the body and drops headers; the challenge comes back."""
        client = app.test_client()
        answer = client.get("/orders/1", headers=issuer.headers(roles=["clerk"]))
        assert (answer.status_code, answer.json["code"]) == (403, 403)
        assert 'scope="orders:read"' in answer.headers["WWW-Authenticate"]
        good = issuer.headers(roles=["clerk"], scope="orders:read")
        assert client.get("/orders/1", headers=good).status_code == 200


OPAQUE = {
    "JWKS_AUTH_INTROSPECTION": "opaque",
    "JWKS_AUTH_INTROSPECTION_URL": "https://issuer.example/introspect",
    "JWKS_AUTH_INTROSPECTION_CLIENT": {"ID": "api", "SECRET": "secret"},
}


@pytest.mark.parametrize(
    ("more", "is_jwt"),
    [({}, True), (OPAQUE, False), ({"JWKS_AUTH_OTHER_TOKENS": lambda raw: None}, False)],
    ids=["jwts", "opaque", "other"],
)
@pytest.mark.parametrize("openapi", ["3.0.3", "3.1.0"])
def test_documents_call_no_other_token_a_jwt(make_app, more, is_jwt, openapi):
    """By flask-smorest's plugin, and by ``secured``, which Flask-RESTX and Connexion are given."""
    app = make_app(API_TITLE="a", API_VERSION="1", OPENAPI_VERSION=openapi, OPENAPI_URL_PREFIX="/", **more)
    flask_smorest.Api(app, spec_kwargs={"extra_plugins": [BearerSecurity(app)]})
    app.add_url_rule("/me", "me", require_jwt(lambda: {}))
    by_plugin = app.test_client().get("/openapi.json").json
    by_hand = secured({"openapi": openapi, "paths": {"/me": {"get": {}}}}, app)
    expected = BEARER if is_jwt else {"type": "http", "scheme": "bearer"}
    for document in (by_plugin, by_hand):
        assert document["components"]["securitySchemes"] == {"bearer": expected}
    assert by_hand["paths"]["/me"]["get"]["security"] == [{"bearer": []}]


class TestAPIFlask:
    """The same in APIFlask, whose document is made when it is asked for."""

    @pytest.fixture
    def app(self, issuer, auth):
        """An app that denies by default."""
        app = APIFlask(__name__)
        app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"), JWKS_AUTH_REQUIRED=True)
        app.config["OPENAPI_VERSION"] = "3.1.0"
        auth.init_app(app)
        app.spec_plugins.append(BearerSecurity(app))

        @app.get("/orders/<int:number>")
        @app.output({})
        @require_jwt(policy=Policy(scopes="orders:read") | Policy(roles="admin"))
        def order(number):
            return {}

        app.add_url_rule("/any", "any", lambda: {})
        app.add_url_rule("/optional", "optional", require_jwt(optional=True)(lambda: {}))
        app.add_url_rule("/public", "public", public(lambda: {}))
        return app

    def test_the_document(self, app, issuer):
        """Scopes, optional and public routes are told apart."""
        document = app.test_client().get("/openapi.json", headers=issuer.headers()).json
        assert document["components"]["securitySchemes"] == {"bearer": BEARER}
        assert {path: at["get"].get("security") for path, at in document["paths"].items()} == {
            "/orders/{number}": [{"bearer": ["orders:read"]}, {"bearer": []}],
            "/any": [{"bearer": []}],
            "/optional": [{"bearer": []}, {}],
            "/public": None,
        }

    def test_refusals_keep_their_challenge(self, app, issuer):
        """Its handler makes the body; the challenge comes with it."""
        answer = app.test_client().get("/orders/1", headers=issuer.headers())
        assert (answer.status_code, answer.content_type) == (403, "application/json")
        assert 'scope="orders:read"' in answer.headers["WWW-Authenticate"]
