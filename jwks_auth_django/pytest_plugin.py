"""Fixtures for pytest: ``pytest_plugins = ["jwks_auth_django.pytest_plugin"]`` in your conftest.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.db import connections
from django.db.transaction import atomic, set_rollback

from jwks_auth.testing import FakeIssuer
from jwks_auth_django.conf import project
from jwks_auth_django.test import AsyncJWTClient, JWTClient, trust_fake_issuer
from jwks_auth_django.users.resolvers import TokenUsers

__all__ = ["async_jwt_client", "fake_issuer", "jwt_client"]

_EMPTIES = {"transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback", "live_server"}
"""Fixtures of pytest-django after which the tables are emptied."""


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
    if not _writes(request):
        yield AsyncJWTClient()
        return
    with _undone():
        yield AsyncJWTClient()


def _writes(request: pytest.FixtureRequest) -> bool:
    """Return whether requests may leave rows: pytest-django's transaction is another thread's."""
    if not request.config.pluginmanager.has_plugin("django"):
        return any(not isinstance(config.users, TokenUsers) for config in project().all)
    marker = request.node.get_closest_marker("django_db")
    if _EMPTIES & set(request.fixturenames) or (marker is not None and marker.kwargs.get("transaction")):
        return False
    if "db" in request.fixturenames:
        request.getfixturevalue("db")  # so that it ends after this one
    return marker is not None or "db" in request.fixturenames


@contextmanager
def _undone() -> Iterator[None]:
    """Hold a transaction in the thread that serves async views in a test, and that ``sync_to_async`` uses."""
    thread: Any = SyncToAsync.single_thread_executor
    begun = thread.submit(_begun).result()
    try:
        yield
    finally:
        thread.submit(_undo, begun).result()


def _begun() -> list[Any]:
    begun = [atomic(using=alias) for alias in connections]
    for each in begun:
        each.__enter__()
    return begun


def _undo(begun: list[Any]) -> None:
    for each in reversed(begun):
        set_rollback(True, using=each.using)
        each.__exit__(None, None, None)
    connections.close_all()
