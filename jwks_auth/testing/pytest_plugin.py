"""Fixtures for pytest: ``pytest_plugins = ["jwks_auth.testing.pytest_plugin"]`` in your conftest.py.

Nothing is registered by itself: installing this library changes nobody's test run.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jwks_auth.testing.issuer import FakeIssuer

__all__ = ["fake_issuer", "served_issuer"]


@pytest.fixture
def fake_issuer() -> FakeIssuer:
    """An issuer in this process, new for each test; override the fixture to give it other algorithms."""
    return FakeIssuer()


@pytest.fixture
def served_issuer() -> Iterator[FakeIssuer]:
    """An issuer behind a real HTTP server on loopback, closed after the test."""
    with FakeIssuer.serve() as issuer:
        yield issuer
