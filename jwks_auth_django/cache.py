"""``CACHE``: an issuer's keys in one of Django's caches, so that all workers share one fetch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.cache import caches
from django.db import connections

from jwks_auth_django.internals import import_client

__all__ = ["SharedCache"]


class SharedCache:
    """``caches[alias]``, for the threads in which keys are fetched.

    Those threads belong to no request, so nothing else closes the database connections that a cache may open in them.
    """

    def __init__(self, alias: str) -> None:
        self.alias = alias
        # Backends import their client library on first use. That takes longer than a key source waits for its store,
        # which would then count as failed.
        import_client(caches[alias])

    def get(self, key: str) -> Any:
        """The value under *key*, or ``None``."""
        return self._asked("get", key)

    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        """The values that there are, by key."""
        found: dict[str, Any] = self._asked("get_many", keys)
        return found

    def set(self, key: str, value: Any, timeout: int) -> Any:
        """Keep *value* for *timeout* seconds."""
        return self._asked("set", key, value, timeout)

    def add(self, key: str, value: Any, timeout: int) -> Any:
        """Keep *value* if there is none; return whether it was kept."""
        return self._asked("add", key, value, timeout)

    def _asked(self, method: str, *arguments: Any) -> Any:
        cache = caches[self.alias]
        try:
            return getattr(cache, method)(*arguments)
        finally:
            cache.close()
            for connection in connections.all(initialized_only=True):
                if not connection.in_atomic_block:
                    connection.close()
