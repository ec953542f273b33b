"""Revocations in Redis or in a cache, for a fleet.

They are numbered. Each has a key of its own, which goes by itself when its time is over, and one key has the last
number: a worker that has seen it reads nothing else.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any, Protocol

from jwks_auth.stores.cache import Cache
from jwks_auth.stores.protocol import StoreError
from jwks_auth.stores.redis import connected
from jwks_auth.stores.revocations import MOST_REVOCATIONS, Revocation, Revoker

__all__ = ["CacheRevocations", "RedisRevocations"]

_AT_ONCE = 1000
_AGAIN = 64
"""Numbers that are read again: a writer may be late."""

_TRIES = 1000
_YEAR = 366 * 86_400

_ADD = f"""
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SET', KEYS[1], ARGV[3]) end
for tries = 1, 100 do
  local number = redis.call('INCR', KEYS[1])
  local old, new = KEYS[1] .. ':' .. (number - {MOST_REVOCATIONS}), KEYS[1] .. ':' .. number
  if redis.call('EXISTS', old) == 0 then
    redis.call('SET', new, ARGV[1], 'PX', ARGV[2])
    return 1
  end
  redis.call('RENAME', old, new)
end
return 0
"""
"""Adds a revocation. One that still counts and would fall out of reach gets a new number before it."""


class RedisClient(Protocol):
    """The part of a client that :class:`RedisRevocations` uses: ``redis.Redis`` and ``valkey.Valkey`` have it."""

    def get(self, name: str) -> Any:
        """Return the value."""

    def mget(self, keys: Sequence[str]) -> Any:
        """Return the value of each key, or ``None``."""

    def set(self, name: str, value: bytes, *, px: int, nx: bool = False) -> Any:
        """Keep *value* for *px* milliseconds; with *nx* only if *name* has none."""

    def eval(self, script: str, numkeys: int, *keys_and_args: Any) -> Any:
        """Run a script."""


class Numbered(Revoker, ABC):
    """Revocations under numbers, of which a worker reads those that it has not seen.

    After a loss of all data, numbers go on from the time in milliseconds, which is higher than any before.
    """

    def read(self, since: Any) -> tuple[list[Revocation], int]:
        """Return the revocations with a higher number than *since*, or all, and the last number."""
        last = int(self._last() or 0)
        if since == last:
            return [], last
        seen = self._before() if since is None or since > last else since - _AGAIN
        numbers = range(max(seen, last - MOST_REVOCATIONS, 0) + 1, last + 1)
        found: list[Revocation] = []
        for at in range(0, len(numbers), _AT_ONCE):
            kept = self._many(numbers[at : at + _AT_ONCE])
            found += [Revocation.from_bytes(each) for each in kept if each is not None]
        return found, last

    def _before(self) -> int:
        """Return a number that no revocation has, nor any before it."""
        return 0

    @abstractmethod
    def _last(self) -> Any:
        """Return the last number; nothing without one."""

    @abstractmethod
    def _many(self, numbers: Sequence[int]) -> Sequence[Any]:
        """Return what is kept under *numbers*, in their order or without what is gone."""


class RedisRevocations(Numbered):
    """Keeps revocations under *prefix* with *client*, a ``redis.Redis`` or ``valkey.Valkey`` with timeouts of its own.

    The server must not evict keys (``maxmemory-policy noeviction``, or one of the volatile ones with room enough).
    """

    def __init__(
        self, client: RedisClient, *, prefix: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(clock)
        self._client = client
        self._name = f"{prefix}{{jwks-auth:revoked}}"  # braces: all on one node of a cluster

    @classmethod
    def from_url(cls, url: str, *, prefix: str = "") -> RedisRevocations:
        """Return a store at ``redis://...``, with suitable timeouts. It connects on its first use.

        Raises ``ConfigurationError`` if redis-py is not installed or can't read the URL.
        """
        return cls(connected(url, "revocation"), prefix=prefix)

    def once(self, name: str, ttl: float) -> bool:
        """Return whether nobody has asked for *name* within *ttl* seconds."""
        return bool(self._client.set(f"{self._name}:once:{name}", b"1", nx=True, px=ceil(ttl * 1000)))

    def _add(self, revocation: Revocation) -> None:
        now = self._clock()
        ttl = max(1, ceil((revocation.until - now) * 1000))
        if not self._client.eval(_ADD, 1, self._name, revocation.to_bytes(), ttl, int(now * 1000)):
            raise StoreError("full")

    def _last(self) -> Any:
        return self._client.get(self._name)

    def _many(self, numbers: Sequence[int]) -> Sequence[Any]:
        return self._client.mget([f"{self._name}:{number}" for number in numbers])  # type: ignore[no-any-return]


class ManyCache(Cache, Protocol):
    """The part of Django's cache API that :class:`CacheRevocations` needs."""

    def get_many(self, keys: Sequence[str], /) -> dict[str, Any]:
        """Return the values that there are, by key."""


class CacheRevocations(Numbered):
    """Keeps revocations in *cache*, which all workers share, such as Django's ``caches["default"]``.

    A cache may forget what is in it, and a new worker then does not hear of a revocation. Redis as it is set up for
    :class:`RedisRevocations` does not.
    """

    def __init__(self, cache: ManyCache, *, prefix: str = "", clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)
        self._cache = cache
        self._name = f"{prefix}jwks-auth:revoked"

    def once(self, name: str, ttl: float) -> bool:
        """Return whether nobody has asked for *name* within *ttl* seconds."""
        return bool(self._cache.add(f"{self._name}:once:{name}", b"1", timeout=ceil(ttl)))

    def _add(self, revocation: Revocation) -> None:
        number = int(self._last() or self._begun())
        for _ in range(_TRIES):
            number += 1
            old = self._cache.get(f"{self._name}:{number - MOST_REVOCATIONS}")
            carried = revocation if old is None else Revocation.from_bytes(old)
            if self._put(number, carried) and carried is revocation:
                if int(self._last() or 0) < number:
                    self._cache.set(self._name, number, timeout=_YEAR)
                return
        raise StoreError("full")

    def _begun(self) -> int:
        """Return the number before the first; kept, because a cache may be slow to tell of each that is not there."""
        number = int(self._clock() * 1000)
        self._cache.add(f"{self._name}:before", number, timeout=_YEAR)
        return max(number, self._before())  # another writer's, who began at the same time

    def _before(self) -> int:
        return int(self._cache.get(f"{self._name}:before") or 0)

    def _put(self, number: int, revocation: Revocation) -> bool:
        """Return whether the number was free."""
        ttl = max(1, ceil(revocation.until - self._clock()))
        return bool(self._cache.add(f"{self._name}:{number}", revocation.to_bytes(), timeout=ttl))

    def _last(self) -> Any:
        return self._cache.get(self._name)

    def _many(self, numbers: Sequence[int]) -> Sequence[Any]:
        return list(self._cache.get_many([f"{self._name}:{number}" for number in numbers]).values())
