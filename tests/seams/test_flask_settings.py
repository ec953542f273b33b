"""``JWKS_AUTH_REQUIRED`` in every form that used to leave an app open without a word."""

from __future__ import annotations

import pytest
from flask import Flask

from jwks_auth import ConfigurationError
from jwks_auth_flask import JWKSAuth
from tests.seams.flask_sites import FlaskSite


def open_view():
    """A view that says nothing of tokens."""
    return {}


@pytest.mark.parametrize("value", ["", " ", [], {}, (), 0.0, "ja", 2, b"", b"1", "${REQUIRED}"], ids=repr)
def test_what_is_no_answer_does_not_open_the_app(value):
    """Empty or odd is an error that names the setting, as an unset variable in a file that sets it."""
    with pytest.raises(ConfigurationError, match=r"^JWKS_AUTH_REQUIRED: expected true or false"):
        FlaskSite(JWKS_AUTH_REQUIRED=value)


def test_an_empty_variable_does_not_open_the_app(monkeypatch):
    """``FLASK_JWKS_AUTH_REQUIRED=``, by Flask's own reading of the environment."""
    monkeypatch.setenv("FLASK_JWKS_AUTH_REQUIRED", "")
    app = Flask("site")
    app.config.from_prefixed_env()
    app.config["JWKS_AUTH_ISSUER"], app.config["JWKS_AUTH_AUDIENCE"] = "https://issuer.example/", "api"
    with pytest.raises(ConfigurationError, match="JWKS_AUTH_REQUIRED"):
        JWKSAuth(app)


@pytest.mark.parametrize(
    ("value", "status"),
    [(value, 401) for value in (True, "true", "on", " Yes ", 1)]
    + [(value, 200) for value in (None, False, "false", "off", 0)],
)
def test_an_answer_is_heeded(value, status):
    """The control: yes and no in every spelling; ``None`` counts as not given."""
    site = FlaskSite(JWKS_AUTH_REQUIRED=value)
    site.route("/", open_view)
    assert site.ask("/").status_code == status


@pytest.mark.parametrize("name", ["jwks_auth_required", "Jwks_Auth_Required", "JWKS_AUTH_required"])
def test_another_case_does_not_open_the_app(name):
    """Flask's settings are written in capitals; one that is not would be read by nothing."""
    with pytest.raises(ConfigurationError, match=f"{name}.*JWKS_AUTH_REQUIRED"):
        FlaskSite(**{name: True})


@pytest.mark.parametrize("prefix", ["JWKS_AUTH_", "PARTNER_JWKS_AUTH_"])
def test_setting_it_too_late_does_not_open_the_app(prefix):
    """After ``init_app`` nothing reads it: nothing is served, with a word why; in time is the control."""
    late, in_time = FlaskSite(), FlaskSite(JWKS_AUTH_REQUIRED=True)
    JWKSAuth(name="partner").init_app(with_partner(late))
    late.app.config[prefix + "REQUIRED"] = True
    for site in (late, in_time):
        site.route("/", open_view)
    assert (late.ask("/").status_code, in_time.ask("/").status_code) == (500, 401)
    late.app.testing = True
    with pytest.raises(RuntimeError, match=f"{prefix}REQUIRED is set after init_app"):
        late.ask("/")


def with_partner(site: FlaskSite) -> Flask:
    """Its app, with settings of a second instance."""
    site.app.config.from_mapping(site.issuer.settings(prefix="PARTNER_JWKS_AUTH_"))
    return site.app


@pytest.mark.parametrize("value", [True, "yes", "", 2])
def test_another_instance_s_setting_does_not_leave_the_app_open(value):
    """Whom it was written for was never made: nothing is served, with a word why."""
    site = FlaskSite(OTHER_JWKS_AUTH_REQUIRED=value)
    site.route("/", open_view)
    assert site.ask("/").status_code == 500
    site.app.testing = True
    with pytest.raises(RuntimeError, match="OTHER_JWKS_AUTH_REQUIRED is set, but the app has no JWKSAuth"):
        site.ask("/")


@pytest.mark.parametrize("value", [None, False, "off", 0])
def test_another_instance_s_setting_may_say_no(value):
    """The control; also a word that is changed to no, later."""
    site = FlaskSite(OTHER_JWKS_AUTH_REQUIRED=value)
    site.app.config["JWKS_AUTH_REQUIRED"] = value
    site.route("/", open_view)
    assert [site.ask("/").status_code, site.ask("/").status_code] == [200, 200]
