"""A second level for keys: all processes share what one of them fetched, and a new process starts with it.

A store is trusted only as far as its seal, and waited for a quarter of a second at most. It never extends the life of
a key: each record has the time at which the provider gave it.
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


_BETWEEN_SWEEPS = 60.0  # seconds


class StoreError(Exception):
    """A store failed; ``kind`` is ``timeout``, ``failed``, ``junk`` or ``seal``."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class KeySetStore(Protocol):
    """The interface of a shared store.

    A store may raise any exception and may be slow: lookups then go on without it.
    """

    def get(self, name: str) -> bytes | None:
        """Return the value last put under *name*, or ``None``."""

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Keep *value* for at least *ttl* seconds, in place of the old one."""

    def lease(self, name: str, ttl: float) -> bool:
        """Take the lease *name* for *ttl* seconds, without waiting; return whether no other caller holds it."""


class MemoryStore:
    """A store within one process: for tests, and for several clients of one endpoint."""

    def __init__(self, *, clock: Callable[[], float] = elapsed) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._values: dict[str, bytes] = {}
        self._leases: dict[str, float] = {}
        self._ends: dict[str, float] = {}
        self._swept_at = clock()

    def get(self, name: str) -> bytes | None:
        """Return the value last put under *name*."""
        return self._values.get(name)

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Keep *value* for *ttl* seconds at least; readers judge its age."""
        now = self._clock()
        with self._lock:
            self._values[name], self._ends[name] = value, now + ttl
            if now - self._swept_at >= _BETWEEN_SWEEPS:
                self._swept_at = now
                for over in [each for each, end in self._ends.items() if end <= now]:
                    del self._values[over], self._ends[over]

    def lease(self, name: str, ttl: float) -> bool:
        """Take the lease *name* for *ttl* seconds; return whether it was free."""
        now = self._clock()
        with self._lock:
            free = now >= self._leases.get(name, now)
            if free:
                self._leases[name] = now + ttl
        return free


class SealedStore:
    """*store*, with an HMAC-SHA256 over each record: whoever writes to it without *secret* adds no key.

    *secret* (at least 16 bytes) must be the same in all processes. Raises ``ConfigurationError`` for a short one.
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
        """Take the store's own lease. Leases have no seal: forged ones put a refresh off for three leases at most."""
        return self._store.lease(name, ttl)

    def _seal(self, name: str, value: bytes) -> bytes:
        # With the name, so that one issuer's record can't be moved to another's name.
        message = hashlib.sha256(name.encode()).digest() + value
        return hmac.digest(self._secret, message, "sha256")
