"""Keys of a ``FakeIssuer`` in production: whoever can read the tests could sign for anybody."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from flask import Flask
from werkzeug.datastructures import ImmutableDict

from jwks_auth import (
    ConfigurationError,
    InvalidTokenError,
    Issuer,
    KeySet,
    KeySourceError,
    Tenants,
    TokenVerifier,
)
from jwks_auth.adapters import Authenticator, Settings
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.conf import configuration
from jwks_auth_fastapi import JWKSAuthSettings, JWTBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend
from jwks_auth_flask import JWKSAuth

FOUND = "found the keys of a FakeIssuer"
ROOT = Path(__file__).parent.parent.parent

SHAPES: dict[str, Callable[[FakeIssuer], Any]] = {
    "settings()": lambda issuer: issuer.settings()["JWKS"],
    "document": lambda issuer: issuer.jwks(),
    "JSON": lambda issuer: json.dumps(issuer.jwks()),
    "KeySet": lambda issuer: KeySet.from_dict(issuer.jwks()),
    "KeySet of JSON": lambda issuer: KeySet.from_json(json.dumps(issuer.jwks())),
}
CALLED: dict[str, Callable[[FakeIssuer], Any]] = {
    "lambda": lambda issuer: lambda: issuer.jwks(),
    "lambda, KeySet": lambda issuer: lambda: KeySet.from_dict(issuer.jwks()),
}
ALL = {**SHAPES, **CALLED}


class PlainFlask(Flask):
    """Flask as it comes, without what the tests' own apps allow."""

    default_config = ImmutableDict(
        {name: value for name, value in Flask.default_config.items() if "FAKE" not in name}
    )


def one(issuer: FakeIssuer, shape: str) -> dict[str, Any]:
    """Settings that trust the issuer alone."""
    return {"ISSUER": issuer.issuer, "AUDIENCE": "api", "JWKS": ALL[shape](issuer)}


def listed(issuer: FakeIssuer, shape: str) -> dict[str, Any]:
    """Settings that trust it among others."""
    entries = ["https://login.example/", {"ISSUER": issuer.issuer, "JWKS": ALL[shape](issuer)}]
    return {"AUDIENCE": "api", "ISSUERS": entries}


def flask_app(settings: dict[str, Any], **config: Any) -> Authenticator:
    """An app's authenticator."""
    app = PlainFlask("site")
    app.config.update({f"JWKS_AUTH_{name}": value for name, value in settings.items()}, **config)
    auth = JWKSAuth(app)
    return auth.authenticator(app)


@pytest.mark.parametrize("trusting", [one, listed])
@pytest.mark.parametrize("shape", SHAPES)
def test_flask_serves_nobody_by_a_fake_issuer_s_keys(shape: str, trusting: Any) -> None:
    """Refused where the extension is set up; the controls test, debug, or have said so."""
    issuer = FakeIssuer()
    with pytest.raises(ConfigurationError, match=rf"JWKS_AUTH_JWKS: {FOUND}"):
        flask_app(trusting(issuer, shape))
    for allowing in ({"TESTING": True}, {"DEBUG": True}, {"JWKS_AUTH_ALLOW_FAKE_ISSUER": "true"}):
        assert flask_app(trusting(issuer, shape), **allowing).verifier.verify(issuer.token())


@pytest.mark.parametrize("shape", CALLED)
async def test_a_callable_that_hides_them_is_found_out_before_any_token(shape: str) -> None:
    """No key of theirs verifies anything: 503, and the service's log says why. The control tests."""
    issuer = FakeIssuer()
    verifier = flask_app(one(issuer, shape)).verifier
    for _ in range(2):
        with pytest.raises(KeySourceError, match=FOUND):
            verifier.verify(issuer.token())
        with pytest.raises(KeySourceError, match=FOUND):
            await verifier.averify(issuer.token())
        failed = verifier.explain(issuer.token()).failed
        assert failed is not None
    assert flask_app(one(issuer, shape), TESTING=True).verifier.verify(issuer.token())


def test_flask_refuses_them_everywhere_where_the_setting_is_false() -> None:
    """Whoever wants none, in tests neither; left out, the control, tests may have them."""
    with pytest.raises(ConfigurationError, match=FOUND):
        flask_app(one(FakeIssuer(), "document"), TESTING=True, JWKS_AUTH_ALLOW_FAKE_ISSUER=False)
    flask_app(one(FakeIssuer(), "document"), TESTING=True, JWKS_AUTH_ALLOW_FAKE_ISSUER=None)


def test_the_fake_issuer_s_own_settings_carry_no_permission() -> None:
    """Else whoever copies them into production carries it along."""
    assert not [name for name in FakeIssuer().settings() if "FAKE" in name]


def test_real_keys_are_refused_nowhere() -> None:
    """A document of the same keys without the mark is a provider's; foreign members are ignored as ever."""
    issuer = FakeIssuer()
    document = {"keys": issuer.jwks()["keys"], "vendor": "acme"}
    settings = {"ISSUER": issuer.issuer, "AUDIENCE": "api", "JWKS": document}
    assert flask_app(settings).verifier.verify(issuer.token())
    assert flask_app({**settings, "JWKS": lambda: document}).verifier.verify(issuer.token())


@pytest.mark.parametrize("trusting", [one, listed])
@pytest.mark.parametrize("shape", SHAPES)
def test_django_takes_them_under_its_test_runner(shape: str, trusting: Any) -> None:
    """This process runs under one; what a server does is the next test's."""
    issuer = FakeIssuer()
    with override_settings(JWKS_AUTH=trusting(issuer, shape)):
        assert configuration().authenticator.verifier.verify(issuer.token())
    refusing = override_settings(JWKS_AUTH={**trusting(issuer, shape), "ALLOW_FAKE_ISSUER": False})
    with refusing, pytest.raises(ImproperlyConfigured, match=FOUND):
        configuration()


SERVER = """
import django, json, sys
from django.conf import settings
from jwks_auth.testing import FakeIssuer
issuer = FakeIssuer()
settings.configure(
    DEBUG=sys.argv[1] == "debug",
    SECRET_KEY="x" * 50,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "jwks_auth_django"],
    JWKS_AUTH={**issuer.settings(), "USER": {"STORE": "token"}, **json.loads(sys.argv[2])},
)
django.setup()
if sys.argv[1] == "runner":
    from django.test.utils import setup_test_environment
    setup_test_environment()
elif sys.argv[1] == "imported":
    import django.test.utils
from jwks_auth_django.conf import configuration
print(configuration().authenticator.verifier.verify(issuer.token()).audience)
"""


@pytest.mark.parametrize(
    ("kind", "more", "served"),
    [
        ("server", {}, False),
        ("imported", {}, False),
        ("debug", {}, True),
        ("runner", {}, True),
        ("server", {"ALLOW_FAKE_ISSUER": True}, True),
        ("server", {"ALLOW_FAKE_ISSUER": "yes"}, True),
    ],
)
def test_django_serves_nobody_by_them(kind: str, more: dict[str, Any], served: bool) -> None:
    """In a process of its own: not with DEBUG off, unless a test runner was set up there."""
    done = subprocess.run(
        [sys.executable, "-c", SERVER, kind, json.dumps(more)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode == 0) is served, done.stderr
    assert served or FOUND in done.stderr


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of fake issuers."""
    return [
        text
        for name, level, text in caplog.record_tuples
        if level == logging.WARNING and "FakeIssuer" in text
    ]


ELSEWHERE: dict[str, Callable[[dict[str, Any]], TokenVerifier]] = {
    "fastapi": lambda settings: JWTBearer(settings).authenticator.verifier,
    "fastapi settings": lambda settings: (
        JWTBearer(
            JWKSAuthSettings(**{name.lower(): value for name, value in settings.items()})
        ).authenticator.verifier
    ),
    "starlette": lambda settings: JWTAuthenticationBackend(settings).authenticator.verifier,
    "core": lambda settings: Settings.from_mapping(settings).verifier(),
}


@pytest.mark.parametrize("shape", ALL)
@pytest.mark.parametrize("where", ELSEWHERE)
def test_elsewhere_the_log_is_told_once(where: str, shape: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing there knows whether tests run; a service that should refuse them says so."""
    issuer = FakeIssuer()
    verifier = ELSEWHERE[where](one(issuer, shape))
    verifier.verify(issuer.token())
    verifier.verify(issuer.token())
    assert len(told(caplog)) == 1
    caplog.clear()
    ELSEWHERE[where]({**one(issuer, shape), "ALLOW_FAKE_ISSUER": True}).verify(issuer.token())
    assert told(caplog) == []
    refusing = {**one(issuer, shape), "ALLOW_FAKE_ISSUER": False}
    with pytest.raises((ConfigurationError, KeySourceError), match=FOUND):
        ELSEWHERE[where](refusing).verify(issuer.token())


@pytest.mark.parametrize("shape", ALL)
async def test_a_tenant_s_keys_are_looked_at_too(shape: str) -> None:
    """Whoever finds tenants makes their issuers; the control allows it."""
    issuer = FakeIssuer("https://login.acme.example/")
    tenants = Tenants(
        lambda name: Issuer(
            name, jwks=KeySet.from_json(jwks) if isinstance(jwks := ALL[shape](issuer), str) else jwks
        ),
        hosts=["login.acme.example"],
    )
    settings = {"AUDIENCE": "api", "TENANTS": tenants}
    verifier = flask_app(settings).verifier
    with pytest.raises(KeySourceError, match=FOUND):
        verifier.verify(issuer.token())
    with pytest.raises(KeySourceError, match=FOUND):
        await verifier.averify(issuer.token())
    assert flask_app(settings, TESTING=True).verifier.verify(issuer.token())


def test_a_callable_that_fails_or_lacks_the_key_is_as_ever() -> None:
    """An unknown key is the token's fault, a failing callable the service's; in production and in tests."""
    issuer, other = FakeIssuer(), FakeIssuer()
    document = {"keys": issuer.jwks()["keys"]}
    for verifier in (
        flask_app({"ISSUER": issuer.issuer, "AUDIENCE": "api", "JWKS": lambda: document}).verifier,
        flask_app(one(issuer, "lambda"), TESTING=True).verifier,
    ):
        with pytest.raises(InvalidTokenError, match="unknown key"):
            verifier.verify(issuer.token(key=other.key, kid="other"))

    def fails() -> Any:
        raise OSError

    with pytest.raises(KeySourceError):
        flask_app({"ISSUER": issuer.issuer, "AUDIENCE": "api", "JWKS": fails}).verifier.verify(issuer.token())
