"""What an app's own tests are written with; nothing of the verification is switched off."""

from __future__ import annotations

import pytest

from jwks_auth_flask import current_token, require_jwt
from jwks_auth_flask.testing import JWTClient

pytest_plugins = ["pytester"]


@pytest.fixture
def client(app, issuer):
    """The client as a project would make it."""
    app.test_client_class = JWTClient
    app.add_url_rule(
        "/orders", view_func=require_jwt(scopes="orders:read")(lambda: {"sub": current_token.subject})
    )
    return app.test_client(issuer=issuer)


def test_with_token(client):
    """The claims are the arguments; the client itself stays anonymous."""
    assert client.with_token(sub="u1", scope="orders:read").get("/orders").json == {"sub": "u1"}
    assert client.with_token(sub="u1").get("/orders").status_code == 403
    assert client.get("/orders").status_code == 401


@pytest.mark.parametrize("source", ["header", "header:X-Token", "cookie:session"])
def test_a_token_stands_where_the_settings_say(make_app, issuer, source):
    """In the first source."""
    app = make_app(JWKS_AUTH_TOKEN_SOURCES=[source])
    app.test_client_class = JWTClient
    app.add_url_rule("/me", view_func=require_jwt(lambda: {"sub": current_token.subject}))
    client = app.test_client(issuer=issuer)
    assert client.with_token(sub="u1").get("/me").json == {"sub": "u1"}
    assert client.get("/me").status_code == 401


def test_a_header_of_the_request_wins(client, issuer):
    """A single request can still say something else."""
    known = client.with_token(sub="u1", scope="orders:read")
    headers = issuer.headers(sub="u2", scope="orders:read")
    assert known.get("/orders", headers=headers).json == {"sub": "u2"}


def test_tokens_can_be_bad(client):
    """Everything ``FakeIssuer.token`` can do wrong is refused as it is in production."""
    assert client.with_token(expires_in=-100).get("/orders").json["error_description"].endswith("expired")
    assert client.with_token(alg="none").get("/orders").status_code == 401


def test_flask_s_own_features_stay(client):
    """It is still a ``FlaskClient``: contexts are preserved in a ``with`` block."""
    with client.with_token(sub="u1", scope="orders:read") as known:
        known.get("/orders")
        assert current_token.subject == "u1"


def test_the_pytest_plugin(pytester):
    """Two lines in ``conftest.py`` and an ``app`` fixture are all a project needs."""
    pytester.makeconftest(
        """
        import pytest
        from flask import Flask
        from jwks_auth_flask import JWKSAuth, require_jwt

        pytest_plugins = ["jwks_auth_flask.pytest_plugin"]

        @pytest.fixture
        def app(fake_issuer):
            app = Flask("orders")
            app.config.from_mapping(fake_issuer.settings(audience="orders", prefix="JWKS_AUTH_"))
            JWKSAuth(app)
            app.add_url_rule("/", view_func=require_jwt(lambda: {}))
            return app
        """
    )
    pytester.makepyfile(
        """
        def test_it(jwt_client):
            assert jwt_client.get("/").status_code == 401
            assert jwt_client.with_token(sub="u1").get("/").status_code == 200
        """
    )
    pytester.runpytest_inprocess("-p", "no:asyncio").assert_outcomes(passed=1)
