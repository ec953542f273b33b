"""Fixtures for pytest: ``pytest_plugins = ["jwks_auth_django.pytest_plugin"]`` in your conftest.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jwks_auth.testing import FakeIssuer
from jwks_auth_django.test import AsyncJWTClient, JWTClient, trust_fake_issuer
from jwks_auth_django.undoing import undone, writes

__all__ = ["async_jwt_client", "fake_issuer", "jwt_client"]


@pytest.fixture
def fake_issuer() -> Iterator[FakeIssuer]:
    """A fake issuer, trusted by the project's settings while a test runs."""
    trust = trust_fake_issuer()
    yield trust.enable()
    trust.disable()


@pytest.fixture
def jwt_client(fake_issuer: FakeIssuer) -> JWTClient:
    """``jwt_client.with_token(sub="u1").get("/")``."""
    return JWTClient()


@pytest.fixture
def async_jwt_client(request: pytest.FixtureRequest, fake_issuer: FakeIssuer) -> Iterator[AsyncJWTClient]:
    """``await async_jwt_client.with_token(sub="u1").get("/")``; what its requests write is undone after the test."""
    if not writes(request):
        yield AsyncJWTClient()
        return
    with undone():
        yield AsyncJWTClient()
