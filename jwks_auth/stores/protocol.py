"""A second level for keys: what one process fetched, a whole fleet has, and a new process starts with.

A store is never trusted further than its seal, never waited for beyond a quarter of a second, and never
extends the life of a key: what it holds carries the time at which the provider gave it.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable
from typing import Protocol

from jwks_auth.errors import ConfigurationError
from jwks_auth.runtime import elapsed

__all__ = ["KeySetStore", "MemoryStore", "SealedStore", "StoreError"]


class StoreError(Exception):
    """A store failed; ``kind`` is ``timeout``, ``failed``, ``junk`` or ``seal``."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class KeySetStore(Protocol):
    """The interface of a shared store.

    It may raise anything and may be slow: it is then as if it were not there.
    """

    def get(self, name: str) -> bytes | None:
        """Return the value last put under *name*, or ``None``."""

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Keep *value* for at least *ttl* seconds; replace what was there as a whole."""

    def lease(self, name: str, ttl: float) -> bool:
        """Return whether the caller is the only one to be told yes for *name* within *ttl* seconds. Never waits."""


class MemoryStore:
    """A store within one process: for tests, and for several clients of one endpoint."""

    def __init__(self, *, clock: Callable[[], float] = elapsed) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._values: dict[str, bytes] = {}
        self._leases: dict[str, float] = {}

    def get(self, name: str) -> bytes | None:
        """Return the value last put under *name*."""
        return self._values.get(name)

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Keep *value*; a record is judged by its age, so *ttl* is not needed here."""
        self._values[name] = value

    def lease(self, name: str, ttl: float) -> bool:
        """Return whether nobody holds *name*; if so the caller does, for *ttl* seconds."""
        now = self._clock()
        with self._lock:
            free = now >= self._leases.get(name, now)
            if free:
                self._leases[name] = now + ttl
        return free


class SealedStore:
    """*store*, with an HMAC-SHA256 over everything in it: who can write to it, but lacks *secret*, gives us
    no keys.

    *secret* (at least 16 bytes) must be the same in the whole fleet. Raises ``ConfigurationError`` for a
    short one.
    """

    def __init__(self, store: KeySetStore, secret: str | bytes) -> None:
        self._store = store
        self._secret = secret.encode() if isinstance(secret, str) else secret
        if len(self._secret) < 16:
            raise ConfigurationError(f"secret: found {len(self._secret)} bytes, expected at least 16")

    def get(self, name: str) -> bytes | None:
        """Return the value put under *name* by a holder of the secret.

        Raises :class:`StoreError` for anything else.
        """
        sealed = self._store.get(name)
        if sealed is None:
            return None
        seal, value = sealed[:32], sealed[32:]
        if not hmac.compare_digest(seal, self._seal(name, value)):
            raise StoreError("seal")
        return value

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Keep *value* under its seal."""
        self._store.put(name, self._seal(name, value) + value, ttl)

    def lease(self, name: str, ttl: float) -> bool:
        """As the store's own: a forged lease can put off a refresh for three leases, and nothing more."""
        return self._store.lease(name, ttl)

    def _seal(self, name: str, value: bytes) -> bytes:
        # The name is part of it: a record of one issuer is no record of another.
        message = hashlib.sha256(name.encode()).digest() + value
        return hmac.digest(self._secret, message, "sha256")
