"""The rows of a test's async requests, undone after it: they are written by another thread than the test's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from asgiref.sync import SyncToAsync
from django.db import connections
from django.db.transaction import atomic, set_rollback

from jwks_auth_django.conf import project
from jwks_auth_django.users.resolvers import TokenUsers

__all__ = ["undone", "writes"]

_EMPTIES = {"transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback", "live_server"}
"""Fixtures of pytest-django after which the tables are emptied."""


def writes(request: Any) -> bool:
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
def undone() -> Iterator[None]:
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
