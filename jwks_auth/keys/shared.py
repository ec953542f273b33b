"""Loading keys through a shared store: look there first, fetch if need be, and leave what was fetched."""

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

_PATIENCE = 0.25
"""Seconds that one operation of a store may take."""

_PAUSE = 5.0
"""Seconds for which a store that failed is left alone."""

_SEARCH = 0.5
"""Seconds for which a lookup of a new kid waits for another process that is already fetching it."""

_LOOKS = 10
"""How often it looks meanwhile."""

_MOST_YIELDS = 3
"""Leases of other processes in a row for which a fetch is put off."""

_MOST_SKEW = 5.0
"""Seconds by which the clocks of a fleet may differ. Every record counts as this much older than it says."""


class SharedLoad:
    """A load like *load*, with *store* as a second level. *on_failure* hears the kind of each failure of
    the store.

    A record serves while it would be fresh here, when it was given later than the keys in hand, and when it
    holds the key that a lookup waits for. Of a fleet one process at a time fetches ahead of need; the others
    keep serving what they have, and look again a second later. Of those that meet a new kid in the same
    moment one fetches, and the others look for half a second whether it has. Where no key in hand is within
    its lifespan nobody is waited for.
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
        """The keys from the store or the provider; raises ``KeySourceError``, ``Deferred`` among them."""
        if request.reason is RefreshReason.EXPLICIT:
            return self._fetched(request)
        record = self._read()
        if not self._is_news(record, request) and self._is_search(request):
            record = self._found_by_another(request) or record
        if self._is_news(record, request):
            self._yielding_since = None
            return self._aged(record)
        # The lease is asked for in any case, so that others wait; but past their lifespan keys don't wait for others.
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
        # Past its deadline the fetch has been given up, and another may have left something newer.
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
        # A record from the future would live too long: one of two clocks is wrong. One without keys only says
        # that they were withdrawn.
        return record if self._age(record) >= 0 and record.result.keys.keys else None

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
        # Somebody waits for a key. A set without it is no answer, nor is the set in hand, where it was not found.
        if request.kid is not None and not record.result.keys.may_hold(request.kid):
            return False
        return self._clock() >= held.life.unusable_at or record.result.document != held.result.document

    def _is_search(self, request: LoadRequest) -> bool:
        """Return whether a new kid is looked for, nobody waits with a key in hand, and a record can be news by now."""
        held = request.held
        within_lifespan = request.reason is not RefreshReason.AHEAD and self._clock() < held.life.expires_at
        return within_lifespan and self._wall() > held.fetched_at + self._skew

    def _found_by_another(self, request: LoadRequest) -> Record | None:
        # No more than a quarter of a caller's time, or of a fetch's: both may be needed afterwards.
        patience = min(_SEARCH, self._rules.wait / 4, self._rules.timeout / 4)
        if self._leased("search", patience):
            return None
        until = self._clock() + patience
        for _ in range(_LOOKS):
            self._sleep(patience / _LOOKS)
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
        # Several leases in a row that bring no keys: they are forged, or their holders all fail.
        self._yielding_since = now if self._yielding_since is None else self._yielding_since
        return now - self._yielding_since >= _MOST_YIELDS * ttl

    def _leased(self, name: str, ttl: float) -> bool:
        """Return whether this process has the lease; also if the store is out, and all fetch as if there were none."""
        now = self._clock()
        if now < self._leases.get(name, now):
            return True
        free = self._bounded(lambda: self._store.lease(f"{self._name}:{name}", ttl))
        if free:
            self._leases[name] = now + ttl
        return free is not False

    def _bounded(self, call: Callable[[], ResultT]) -> ResultT | None:
        """The result of *call*; ``None`` if it fails, takes too long, or is not even tried."""
        if self._clock() < self._out_until or not self._calls.may_start():
            return None
        try:
            return self._calls.result(call, _PATIENCE)
        except StoreError as exc:
            self._on_failure(exc.kind)
        except Exception as exc:  # noqa: BLE001 - a store is the user's, and may raise anything
            self._out_until = self._clock() + _PAUSE
            self._on_failure("timeout" if isinstance(exc, TimeoutError) else "failed")
        return None
