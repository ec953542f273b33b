"""An issuer, a bearer and an app with the routes that most tests need."""

from __future__ import annotations

import pytest

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.pytest_plugin import sign_in

__all__ = ["auth", "issuer", "sign_in"]


@pytest.fixture
def issuer() -> FakeIssuer:
    """An issuer without a socket."""
    return FakeIssuer()


@pytest.fixture
def auth(issuer: FakeIssuer) -> JWTBearer:
    """A bearer for that issuer."""
    return JWTBearer(issuer.settings())
