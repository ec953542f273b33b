"""Fixtures for pytest: ``pytest_plugins = ["jwks_auth_flask.pytest_plugin"]`` in your conftest.py."""

from __future__ import annotations

import pytest
from flask import Flask

from jwks_auth.testing import FakeIssuer
from jwks_auth_flask.testing import JWTClient

__all__ = ["jwt_client"]

pytest_plugins = ["jwks_auth.testing.pytest_plugin"]


@pytest.fixture
def jwt_client(app: Flask, fake_issuer: FakeIssuer) -> JWTClient:
    """A client, with ``with_token``, of your own ``app`` fixture, which is configured by ``fake_issuer``."""
    return JWTClient(app, app.response_class, issuer=fake_issuer)
