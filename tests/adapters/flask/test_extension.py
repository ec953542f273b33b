"""``JWKSAuth``: apps, factories, instances, configuration."""

from __future__ import annotations

import pytest
from flask import Flask

from jwks_auth import ConfigurationError
from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import JWKSAuth, current_token, require_jwt
from tests import tenant_directory


def who() -> dict[str, str | None]:
    """A view that says whose token it got."""
    return {"sub": current_token.subject}


def configured(issuer: FakeIssuer, prefix: str = "JWKS_AUTH_") -> Flask:
    """An app with *issuer*'s settings and no extension yet."""
    app = Flask(__name__)
    app.config.from_mapping(issuer.settings(prefix=prefix))
    return app


def test_the_constructor_takes_an_app(issuer):
    """``JWKSAuth(app)`` is all a small app needs."""
    app = configured(issuer)
    JWKSAuth(app)
    app.add_url_rule("/me", view_func=require_jwt(who))
    assert app.test_client().get("/me", headers=issuer.headers(sub="u1")).json == {"sub": "u1"}


def test_one_instance_serves_several_apps(auth):
    """Each app has its own issuer; a token for one is refused by the other."""
    issuers = [FakeIssuer("https://a.example/"), FakeIssuer("https://b.example/")]
    apps = [configured(issuer) for issuer in issuers]
    for app in apps:
        auth.init_app(app)
        app.add_url_rule("/me", view_func=require_jwt(who))
    answers = [
        [app.test_client().get("/me", headers=issuer.headers()).status_code for issuer in issuers]
        for app in apps
    ]
    assert answers == [[200, 401], [401, 200]]
    assert not any(value in apps for value in vars(auth).values())


def test_state_is_where_flask_users_look(app, auth):
    """``app.extensions["jwks_auth"]`` holds a gate for each instance, by name."""
    assert list(app.extensions["jwks_auth"]) == ["default"]
    assert auth.authenticator(app) is app.extensions["jwks_auth"]["default"].authenticator


def test_named_instances_are_apart(issuer):
    """A second instance has settings and decorators of its own, and their issuers are not mixed."""
    partner_issuer = FakeIssuer("https://partner.example/")
    app = configured(issuer)
    app.config.from_mapping(partner_issuer.settings(prefix="PARTNER_JWKS_AUTH_"))
    JWKSAuth(app)
    partner = JWKSAuth(app, name="partner")
    app.add_url_rule("/ours", "ours", require_jwt(who))
    app.add_url_rule("/theirs", "theirs", partner.require_jwt(who))
    app.add_url_rule("/both", "both", partner.require_jwt(require_jwt(who)))
    client = app.test_client()
    statuses = {
        path: [client.get(path, headers=each.headers()).status_code for each in (issuer, partner_issuer)]
        for path in ("/ours", "/theirs", "/both")
    }
    assert statuses == {"/ours": [200, 401], "/theirs": [401, 200], "/both": [401, 401]}


def test_a_second_instance_needs_a_name(app):
    """Two extensions under one name would silently replace each other."""
    with pytest.raises(RuntimeError, match="name="):
        JWKSAuth(app)


def test_a_name_begins_the_names_of_settings():
    """So it has to be one that an environment could hold."""
    with pytest.raises(ConfigurationError, match="identifier"):
        JWKSAuth(name="my partner")


def test_configuration_from_the_environment(issuer, monkeypatch):
    """``from_prefixed_env`` turns values into JSON where it can; lists, numbers and flags arrive as meant."""
    monkeypatch.setenv("FLASK_JWKS_AUTH_ISSUER", issuer.issuer)
    monkeypatch.setenv("FLASK_JWKS_AUTH_AUDIENCE", '["api", "reports"]')
    monkeypatch.setenv("FLASK_JWKS_AUTH_LEEWAY", "5")
    monkeypatch.setenv("FLASK_JWKS_AUTH_REQUIRED", "True")
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config["JWKS_AUTH_JWKS"] = issuer.jwks
    JWKSAuth(app)
    app.add_url_rule("/me", view_func=who)
    client = app.test_client()
    assert client.get("/me").status_code == 401
    assert client.get("/me", headers=issuer.headers(aud="reports")).status_code == 200
    assert client.get("/me", headers=issuer.headers(expires_in=-10)).status_code == 401


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "JWKS_AUTH_ISSUER is missing"),
        ({"JWKS_AUTH_ISSUER": "https://issuer.example/"}, "(?i)audience"),
        (
            {
                "JWKS_AUTH_ISSUER": "https://issuer.example/",
                "JWKS_AUTH_AUDIENCE": "api",
                "JWKS_AUTH_AUDIENC": "x",
            },
            "JWKS_AUTH_AUDIENC is not a setting: did you mean JWKS_AUTH_AUDIENCE",
        ),
        (
            {
                "JWKS_AUTH_ISSUER": "https://issuer.example/",
                "JWKS_AUTH_AUDIENCE": "api",
                "JWKS_AUTH_REQUIERD": True,
            },
            "JWKS_AUTH_REQUIERD is not a setting: did you mean JWKS_AUTH_REQUIRED",
        ),
        (
            {
                "JWKS_AUTH_ISSUER": "https://issuer.example/",
                "JWKS_AUTH_AUDIENCE": "api",
                "JWKS_AUTH_LEEWAY": "soon",
            },
            "JWKS_AUTH_LEEWAY: expected",
        ),
        (
            {
                "JWKS_AUTH_ISSUER": "https://issuer.example/",
                "JWKS_AUTH_AUDIENCE": "api",
                "JWKS_AUTH_REQUIRED": "maybe",
            },
            "JWKS_AUTH_REQUIRED: expected",
        ),
        ({"JWKS_AUTH_ISSUER": "http://issuer.example/", "JWKS_AUTH_AUDIENCE": "api"}, "https"),
    ],
)
def test_wrong_settings_are_refused_at_init(config, message):
    """The error names the setting, and comes when the app is made, not with its first request."""
    app = Flask(__name__)
    app.config.from_mapping(config)
    with pytest.raises(ConfigurationError, match=message):
        JWKSAuth(app)
    assert app.extensions.get("jwks_auth", {}) == {}


def test_wrong_settings_of_a_named_instance_are_named_in_full(issuer):
    """The message says what to write, prefix and all."""
    app = configured(issuer)
    with pytest.raises(ConfigurationError, match="PARTNER_JWKS_AUTH_ISSUER is missing"):
        JWKSAuth(app, name="partner")


def test_init_does_no_io(auth):
    """Keys are fetched when the first token needs them: an app starts while its provider is down."""
    with FakeIssuer.serve() as issuer:
        app = configured(issuer)
        auth.init_app(app)
        app.add_url_rule("/me", view_func=require_jwt(who))
        assert app.test_client().get("/me").status_code == 401
        assert sum(issuer.requests.values()) == 0
        assert app.test_client().get("/me", headers=issuer.headers()).status_code == 200
        assert issuer.requests[issuer.jwks_path] == 1


def test_no_extension_is_a_clear_error_at_first_use(issuer):
    """Decorating works without an app; serving without ``init_app`` names what to call."""
    app = Flask(__name__)
    app.testing = True
    app.add_url_rule("/me", view_func=require_jwt(who))
    with pytest.raises(RuntimeError, match=r"no JWKSAuth.*init_app\(app\)"):
        app.test_client().get("/me", headers=issuer.headers())


def test_the_wrong_instance_is_a_clear_error_at_first_use(issuer):
    """Where only named instances exist, the message says which decorator to use; and the other way round."""
    app = configured(issuer, "PARTNER_JWKS_AUTH_")
    app.testing = True
    JWKSAuth(app, name="partner")
    app.add_url_rule("/default", "default", require_jwt(who))
    app.add_url_rule("/other", "other", JWKSAuth(name="other").require_jwt(who))
    with pytest.raises(RuntimeError, match=r"its instances \(partner\)"):
        app.test_client().get("/default")
    with pytest.raises(RuntimeError, match="no JWKSAuth named 'other'"):
        app.test_client().get("/other")


def test_tenants_by_their_path(auth):
    """``JWKS_AUTH_TENANTS`` and an audience are enough: no issuer is listed."""
    app = Flask(__name__)
    app.config.from_mapping(JWKS_AUTH_TENANTS=tenant_directory.PATH, JWKS_AUTH_AUDIENCE="api")
    auth.init_app(app)
    app.add_url_rule("/me", view_func=require_jwt(who))
    for raw, status in tenant_directory.tokens().items():
        answer = app.test_client().get("/me", headers={"Authorization": f"Bearer {raw}"})
        assert answer.status_code == status


def test_a_provider_needs_fewer_settings(auth):
    """What it lacks is said by the setting's name."""
    app = Flask(__name__)
    app.config.from_mapping(JWKS_AUTH_PROVIDER="google")
    with pytest.raises(ConfigurationError, match=r"^JWKS_AUTH_AUDIENCE is missing: for provider google"):
        auth.init_app(app)
    app.config.from_mapping(JWKS_AUTH_AUDIENCE="client.apps.googleusercontent.com")
    auth.init_app(app)
