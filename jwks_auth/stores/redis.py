"""A key store in Redis or Valkey, for a fleet. Needs the extra ``jwks-auth[redis]``."""

from __future__ import annotations

from math import ceil
from typing import Any, Protocol

from jwks_auth.errors import ConfigurationError

__all__ = ["RedisClient", "RedisStore", "connected"]


class RedisClient(Protocol):
    """The part of a client that :class:`RedisStore` uses: ``redis.Redis`` and ``valkey.Valkey`` have it."""

    def get(self, name: str) -> Any:
        """Return the value, as bytes."""

    def set(self, name: str, value: bytes, *, px: int, nx: bool = False) -> Any:
        """Keep *value* for *px* milliseconds; with *nx* only if *name* has none."""


class RedisStore:
    """Keeps records under *prefix* with *client*, whose own timeouts apply."""

    def __init__(self, client: RedisClient, *, prefix: str = "") -> None:
        self._client, self._prefix = client, prefix

    @classmethod
    def from_url(cls, url: str, *, prefix: str = "") -> RedisStore:
        """Return a store at ``redis://...``, with suitable timeouts. It connects on its first use.

        Raises ``ConfigurationError`` if redis-py is not installed or can't read the URL.
        """
        return cls(connected(url, "store"), prefix=prefix)

    def get(self, name: str) -> bytes | None:
        """Return the record under *name*."""
        value: bytes | None = self._client.get(self._prefix + name)
        return value

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Replace the record, which Redis forgets after *ttl* seconds."""
        self._client.set(self._prefix + name, value, px=ceil(ttl * 1000))

    def first(self, name: str, ttl: float) -> bool:
        """Return whether *name* is used for the first time in *ttl* seconds."""
        return self.lease(name, ttl)

    def lease(self, name: str, ttl: float) -> bool:
        """Take the lease for *ttl* seconds; return whether it was free."""
        return bool(self._client.set(self._prefix + name, b"1", nx=True, px=ceil(ttl * 1000)))


def connected(url: str, label: str) -> Any:
    """Return a client of the server at *url* that waits a quarter of a second at most; *label* names the setting.

    Raises ``ConfigurationError`` if redis-py is not installed or can't read the URL.
    """
    try:
        import redis
    except ImportError as exc:
        raise ConfigurationError(f"{label}: redis-py is not installed; install jwks-auth[redis]") from exc
    try:
        return redis.Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)
    except ValueError:
        # Without text and cause of the error: for "user:pass/word@host" they quote half the password as a port.
        raise ConfigurationError(
            f"{label}: found a URL that redis-py can't read; in user and password write %2F for /, %40 for @"
        ) from None
