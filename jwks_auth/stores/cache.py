"""A key store in a cache object with ``get``, ``set`` and ``add``, such as Django's."""

from __future__ import annotations

from math import ceil
from typing import Any, Protocol

__all__ = ["CacheStore"]


class Cache(Protocol):
    """The part of Django's cache API that is needed.

    ``add`` sets only what is not there, and says whether it did.
    """

    def get(self, key: str, /) -> Any:
        """The value under *key*, or ``None``."""

    def set(self, key: str, value: Any, /, timeout: int) -> Any:
        """Keep *value* for *timeout* seconds."""

    def add(self, key: str, value: Any, /, timeout: int) -> Any:
        """Keep *value* if there is none; whether it was kept."""


class CacheStore:
    """Keeps records in *cache*, for example ``django.core.cache.caches["default"]``.

    A cache of one process alone (Django's ``LocMemCache``) is of no use, and does no harm.
    """

    def __init__(self, cache: Cache, *, prefix: str = "") -> None:
        self._cache = cache
        self._prefix = prefix

    def get(self, name: str) -> bytes | None:
        """The record under *name*; raises ``TypeError`` for a value that was not put there by us."""
        value = self._cache.get(self._prefix + name)
        if not isinstance(value, bytes | None):
            raise TypeError("the cache holds something else under a key store's name")
        return value

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Replace the record, which the cache forgets after *ttl* seconds."""
        self._cache.set(self._prefix + name, value, timeout=ceil(ttl))

    def lease(self, name: str, ttl: float) -> bool:
        """Return whether nobody holds the lease.

        If so the caller does, for *ttl* seconds (whole ones, rounded up).
        """
        return bool(self._cache.add(self._prefix + name, b"1", timeout=ceil(ttl)))
