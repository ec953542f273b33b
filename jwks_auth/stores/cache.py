"""A key store in a cache object with ``get``, ``set`` and ``add``, such as Django's."""

from __future__ import annotations

from math import ceil
from typing import Any, Protocol

__all__ = ["CacheStore"]


class Cache(Protocol):
    """The part of Django's cache API that :class:`CacheStore` needs."""

    def get(self, key: str, /) -> Any:
        """Return the value under *key*, or ``None``."""

    def set(self, key: str, value: Any, /, timeout: int) -> Any:
        """Keep *value* for *timeout* seconds."""

    def add(self, key: str, value: Any, /, timeout: int) -> Any:
        """Keep *value* if *key* has none, and return whether it was kept."""


class CacheStore:
    """Keeps records in *cache*, for example ``django.core.cache.caches["default"]``.

    With a cache that one process has for itself (Django's ``LocMemCache``) nothing is shared, and nothing breaks.
    """

    def __init__(self, cache: Cache, *, prefix: str = "") -> None:
        self._cache = cache
        self._prefix = prefix

    def get(self, name: str) -> bytes | None:
        """Return the record under *name*; raise ``TypeError`` for a value that no key store put there."""
        value = self._cache.get(self._prefix + name)
        if not isinstance(value, bytes | None):
            raise TypeError("the cache holds something else under a key store's name")
        return value

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Replace the record, which the cache forgets after *ttl* seconds."""
        self._cache.set(self._prefix + name, value, timeout=ceil(ttl))

    def first(self, name: str, ttl: float) -> bool:
        """Return whether *name* is used for the first time in *ttl* seconds."""
        return self.lease(name, ttl)

    def lease(self, name: str, ttl: float) -> bool:
        """Take the lease for *ttl* seconds (rounded up to whole ones); return whether it was free."""
        return bool(self._cache.add(self._prefix + name, b"1", timeout=ceil(ttl)))
