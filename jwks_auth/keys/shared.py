"""A load through a shared store: read the store first, fetch if need be, and store what was fetched."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import TypeGuard, TypeVar

from jwks_auth.errors import KeySourceError
from jwks_auth.keys.freshness import Life, RefreshReason, Rules, State
from jwks_auth.keys.record import Record
from jwks_auth.keys.state import NOTHING, Deferred, FetchResult, LoadRequest
from jwks_auth.runtime import BoundedCalls, elapsed, in_background
from jwks_auth.stores import KeySetStore, StoreError

__all__ = ["SharedLoad"]

ResultT = TypeVar("ResultT")

_OPERATION = 0.25
"""The most seconds for one operation of a store."""

_PAUSE = 5.0
"""Seconds for which a store is not used after a failure."""

_SEARCH = 0.5
"""The most seconds for which a lookup of a new kid waits for another process that is fetching it."""

_LOOKS = 10
"""The number of times that it reads the store meanwhile."""

_MOST_YIELDS = 3
"""The most leases of other processes in a row for which a fetch is put off."""

_MOST_SKEW = 5.0
"""Seconds by which the clocks of machines may differ. Every record counts as this much older than it says."""


class SharedLoad:
    """A load such as *load*, with *store* as a second level. *on_failure* is called with each failure's kind.

    A record is used if it is still fresh, newer than the keys in hand, and has the key that a lookup waits for. One
    process at a time fetches ahead of need; the others serve their keys, and read the store a second later. When
    several meet a new kid at once, one fetches, and the others read the store for half a second. A process whose keys
    are past their lifespan fetches without waiting for others.
    """

    def __init__(
        self,
        load: Callable[[LoadRequest], FetchResult],
        store: KeySetStore,
        rules: Rules,
        *,
        name: str,
        on_failure: Callable[[str], None],
        clock: Callable[[], float] = elapsed,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
        spawn: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        self._load, self._store, self._rules, self._on_failure = load, store, rules, on_failure
        self._clock, self._wall, self._sleep = clock, wall, sleep
        self._name = f"jwks-auth:{sha256(name.encode()).hexdigest()[:32]}"
        self._skew = min(_MOST_SKEW, rules.lifespan / 60)
        self._out_until = clock()
        self._calls = BoundedCalls(spawn)
        self._leases: dict[str, float] = {}
        self._yielding_since: float | None = None

    def __call__(self, request: LoadRequest) -> FetchResult:
        """Return the keys from the store or the provider; raise ``KeySourceError``, also :class:`Deferred`."""
        if request.reason is RefreshReason.EXPLICIT:
            return self._fetched(request)
        record = self._read()
        if not self._is_news(record, request) and self._is_search(request):
            record = self._found_by_another(request) or record
        if self._is_news(record, request):
            self._yielding_since = None
            return self._aged(record)
        # Takes the lease in any case, so that others wait. With keys past their lifespan it does not wait for others.
        if (
            request.reason is RefreshReason.AHEAD
            and not self._may_fetch()
            and self._clock() < request.held.life.expires_at
        ):
            raise Deferred
        try:
            return self._fetched(request)
        except KeySourceError as exc:
            if record is None or request.held is not NOTHING or not self._is_alive(record):
                raise
            return replace(self._aged(record), failure=exc)

    def _fetched(self, request: LoadRequest) -> FetchResult:
        started = self._wall()
        result = self._load(request)
        self._yielding_since = None
        value = Record(result, started, self._name).to_bytes()
        # Past its deadline the fetch has been given up, and another may have stored something newer.
        if value is not None and self._clock() <= request.deadline:
            ttl = self._rules.lifespan + self._rules.stale_if_error
            self._bounded(lambda: self._store.put(self._name, value, min(ttl, 30 * 86_400.0)))
        return result

    def _read(self) -> Record | None:
        value = self._bounded(lambda: self._store.get(self._name))
        if value is None:
            return None
        try:
            record = Record.from_bytes(value)
            if record.name != self._name:
                raise ValueError("another's record")
        except ValueError:
            self._on_failure("junk")
            return None
        # A record from the future would live too long; one of two clocks is wrong. A record without keys marks a
        # withdrawal.
        keys = record.result.keys
        return record if self._age(record) >= 0 and keys.keys else None

    def _age(self, record: Record) -> float:
        return self._wall() - record.fetched_at + self._skew

    def _aged(self, record: Record) -> FetchResult:
        return replace(record.result, age=self._age(record))

    def _state(self, record: Record) -> State:
        age, max_age = self._age(record), record.result.max_age
        return Life.starting(0.0, self._rules, draw=0.0, max_age=max_age).state(age)

    def _is_alive(self, record: Record) -> bool:
        return self._state(record) is not State.EXPIRED

    def _is_news(self, record: Record | None, request: LoadRequest) -> TypeGuard[Record]:
        held = request.held
        if record is None or self._state(record) is not State.FRESH:
            return False
        if record.fetched_at <= held.fetched_at + self._skew:
            return False
        if request.reason is RefreshReason.AHEAD:
            return True
        # A lookup waits for this key, so a set without it does not help.
        if request.kid is not None and not record.result.keys.may_hold(request.kid):
            return False
        return self._clock() >= held.life.unusable_at or record.result.document != held.result.document

    def _is_search(self, request: LoadRequest) -> bool:
        """Return whether a new kid is wanted, the keys in hand are fresh, and a record may be newer than they are."""
        held = request.held
        within_lifespan = request.reason is not RefreshReason.AHEAD and self._clock() < held.life.expires_at
        return within_lifespan and self._wall() > held.fetched_at + self._skew

    def _found_by_another(self, request: LoadRequest) -> Record | None:
        # At most a quarter of the caller's time, or of a fetch's: a fetch may have to follow.
        seconds = min(_SEARCH, self._rules.wait / 4, self._rules.timeout / 4)
        if self._leased("search", seconds):
            return None
        until = self._clock() + seconds
        for _ in range(_LOOKS):
            self._sleep(seconds / _LOOKS)
            record = self._read()
            if self._is_news(record, request):
                return record
            if self._clock() >= until:  # the store is slow
                break
        return None

    def _may_fetch(self) -> bool:
        now = self._clock()
        ttl = min(self._rules.timeout + 1.0, self._rules.lifespan / 4)
        if self._leased("lease", ttl):
            return True
        # Several leases in a row without new keys: they are forged, or their holders all fail.
        self._yielding_since = now if self._yielding_since is None else self._yielding_since
        return now - self._yielding_since >= _MOST_YIELDS * ttl

    def _leased(self, name: str, ttl: float) -> bool:
        """Return whether this process has the lease; true if the store fails, so that each process fetches."""
        now = self._clock()
        if now < self._leases.get(name, now):
            return True
        free = self._bounded(lambda: self._store.lease(f"{self._name}:{name}", ttl))
        if free:
            self._leases[name] = now + ttl
        return free is not False

    def _bounded(self, call: Callable[[], ResultT]) -> ResultT | None:
        """Return the result of *call*; ``None`` if it fails, takes too long, or is not tried."""
        if self._clock() < self._out_until or not self._calls.may_start():
            return None
        try:
            return self._calls.result(call, _OPERATION)
        except StoreError as exc:
            self._on_failure(exc.kind)
        except Exception as exc:  # noqa: BLE001 - a store is the user's, and may raise anything
            self._out_until = self._clock() + _PAUSE
            self._on_failure("timeout" if isinstance(exc, TimeoutError) else "failed")
        return None
