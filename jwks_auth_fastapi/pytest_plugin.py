"""Fixtures for pytest: ``pytest_plugins = ["jwks_auth_fastapi.pytest_plugin"]`` in your conftest.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi.client import JWTClient
from jwks_auth_fastapi.testing import SignIn, signed_in

__all__ = ["jwt_client", "sign_in"]

pytest_plugins = ["jwks_auth.testing.pytest_plugin"]


@pytest.fixture
def jwt_client(app: Any, fake_issuer: FakeIssuer) -> JWTClient:
    """A client, with ``with_token``, of your own ``app`` fixture, which is configured by ``fake_issuer``."""
    return JWTClient(app, issuer=fake_issuer)


@pytest.fixture
def sign_in() -> Iterator[SignIn]:
    """``sign_in(app, auth, sub="u1", scopes=["orders:read"])``, for the rest of the test."""
    with ExitStack() as stack:
        yield lambda app, auth, **claims: stack.enter_context(signed_in(app, auth, **claims))
