"""An issuer and apps that trust it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import JWKSAuth

MakeApp = Callable[..., Flask]


@pytest.fixture
def issuer() -> FakeIssuer:
    """An identity provider in this process."""
    return FakeIssuer()


@pytest.fixture
def auth() -> JWKSAuth:
    """The extension, as a module would hold it."""
    return JWKSAuth()


@pytest.fixture
def make_app(issuer: FakeIssuer, auth: JWKSAuth) -> MakeApp:
    """Makes apps that trust *issuer*; keyword arguments are further configuration."""

    def make(**config: Any) -> Flask:
        app = Flask(__name__)
        app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"))
        app.config.from_mapping(config)
        auth.init_app(app)
        return app

    return make


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """One such app."""
    return make_app()
