"""A key store in Redis or Valkey, for a fleet. Needs the extra ``jwks-auth[redis]``."""

from __future__ import annotations

from math import ceil
from typing import Any, Protocol

from jwks_auth.errors import ConfigurationError

__all__ = ["RedisClient", "RedisStore"]


class RedisClient(Protocol):
    """The part of a client that is used: ``redis.Redis`` and ``valkey.Valkey`` have it."""

    def get(self, name: str) -> Any:
        """The value, as bytes."""

    def set(self, name: str, value: bytes, *, px: int, nx: bool = False) -> Any:
        """Keep *value* for *px* milliseconds; with *nx* only if there is none."""


class RedisStore:
    """Keeps records under *prefix* with the *client* given, whose own timeouts it keeps."""

    def __init__(self, client: RedisClient, *, prefix: str = "") -> None:
        self._client, self._prefix = client, prefix

    @classmethod
    def from_url(cls, url: str, *, prefix: str = "") -> RedisStore:
        """A store at ``redis://...``, with timeouts fit for it. Nothing is connected yet.

        Raises ``ConfigurationError`` where redis-py is not installed or the URL is not one of its own.
        """
        try:
            import redis
        except ImportError as exc:
            raise ConfigurationError("store: redis-py is not installed; install jwks-auth[redis]") from exc
        try:
            client = redis.Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)
        except ValueError:
            # Neither its text nor its cause: of "user:pass/word@host" they quote half the password as a port.
            raise ConfigurationError(
                "store: found a URL that redis-py can't read; in user and password write %2F for /, %40 for @"
            ) from None
        return cls(client, prefix=prefix)

    def get(self, name: str) -> bytes | None:
        """The record under *name*."""
        value: bytes | None = self._client.get(self._prefix + name)
        return value

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Replace the record, which Redis forgets after *ttl* seconds."""
        self._client.set(self._prefix + name, value, px=ceil(ttl * 1000))

    def lease(self, name: str, ttl: float) -> bool:
        """Return whether nobody holds the lease; if so the caller does, for *ttl* seconds."""
        return bool(self._client.set(self._prefix + name, b"1", nx=True, px=ceil(ttl * 1000)))
