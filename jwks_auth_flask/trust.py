"""``trust_fake_issuer``: an app as it is, which trusts a fake issuer's keys for the time of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask

from jwks_auth import ConfigurationError
from jwks_auth.testing import FakeIssuer, Trust
from jwks_auth_flask.connexion import flask_app_of
from jwks_auth_flask.request_auth import EXTENSION, RequestAuth

__all__ = ["trust_fake_issuer"]


@contextmanager
def trust_fake_issuer(app: Flask, issuer: FakeIssuer | None = None, **settings: Any) -> Iterator[FakeIssuer]:
    """Let *app* trust *issuer* in place of its own: ``with trust_fake_issuer(app) as issuer:``.

    Its own configuration stays, but for the *settings* given here, without their prefix: ``LEEWAY=0``. All its
    ``JWKSAuth`` instances trust the issuer, in every thread: ``live_server`` too. Without *issuer* it is a new one,
    with the name of the app's own. The end of the block restores everything. A Connexion app will do too.
    Raises :class:`~jwks_auth.ConfigurationError` for wrong settings, and for an app without ``JWKSAuth``.
    """
    flask_app = flask_app_of(app)
    if "REQUIRED" in {name.upper() for name in settings}:
        raise ConfigurationError("REQUIRED is read where the app is made: set it in the configuration")
    instances: dict[str, RequestAuth] = getattr(flask_app, "extensions", {}).get(EXTENSION, {})
    if not instances:
        raise ConfigurationError(
            "trust_fake_issuer: this app has no JWKSAuth: call its init_app(app) where the app is made"
        )
    with Trust(issuer, settings, [flask_app]) as trust:
        trust.include_all(each.authenticator for each in instances.values())
        trust.listen()
        yield trust.trusted
