"""A load through a shared store: read the store first, fetch if need be, and store what was fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeGuard

from jwks_auth.errors import KeySourceError
from jwks_auth.keys.failures import Deferred, SharedFailure
from jwks_auth.keys.fleet import Fleet, Surroundings
from jwks_auth.keys.freshness import Life, RefreshReason, Rules, State
from jwks_auth.keys.record import MOST_BYTES, Record
from jwks_auth.keys.refresh import GRACE
from jwks_auth.keys.state import FetchResult, LoadRequest
from jwks_auth.stores import KeySetStore

__all__ = ["SharedLoad"]

_SEARCH = 0.5
"""The most seconds for which a lookup of a new kid waits for another process that is fetching it."""

_LOOKS = 10
"""The number of times that it reads the store meanwhile."""

_MOST_SKEW = 5.0
"""Seconds by which the clocks of machines may differ. Every record counts as this much older than it says."""

_LONGEST_TTL = 30 * 86_400.0


class SharedLoad:
    """A load such as *load*, with *store* as a second level. *on_failure* is called with each failure's kind.

    A record is used if it is still fresh, newer than the keys in hand, and has the key that a lookup waits for. Without
    usable keys in hand any usable record is used at once, and a fetch follows. One process at a time fetches ahead of
    need; the others serve their keys, and read the store again a second later. If several processes meet a new kid at
    the same time, one fetches and the others read the store for half a second. After a failure one process makes the
    next attempt for all.
    """

    def __init__(
        self,
        load: Callable[[LoadRequest], FetchResult],
        store: KeySetStore,
        rules: Rules,
        *,
        name: str,
        on_failure: Callable[[str], None],
        most_bytes: int = MOST_BYTES,
        around: Surroundings | None = None,
    ) -> None:
        around = around or Surroundings()
        self._load, self._rules, self._around = load, rules, around
        self._skew = min(_MOST_SKEW, rules.lifespan / 60)
        self._most_bytes = most_bytes
        self.fleet = Fleet(store, rules, name=name, on_failure=on_failure, around=around)
        self._failed = False
        """True if this process's own last fetch failed."""

    def __call__(self, request: LoadRequest) -> FetchResult:
        """Return keys from the store or the provider; raise ``KeySourceError``, also :class:`Deferred`."""
        if request.reason is RefreshReason.EXPLICIT:
            return self._fetched(request)
        record = self._record()
        if not self._is_news(record, request) and self._is_search(request):
            record = self._found_by_another(request) or record
        if self._is_news(record, request):
            return self._taken(record)
        if record is not None and self._is_unusable(request) and self._state(record) is not State.EXPIRED:
            lacks_kid = request.kid is not None and not record.holds(request.kid)
            due = RefreshReason.SCHEDULED if lacks_kid else RefreshReason.AHEAD
            return replace(self._taken(record), due=due)
        self._give_way(request, since=record.fetched_at if record else request.held.fetched_at)
        return self._fetched(request)

    def _give_way(self, request: LoadRequest, *, since: float) -> None:
        """Raise where another process fetches, or where the next attempt of all is still to come."""
        ahead = request.reason is RefreshReason.AHEAD
        # Others' word is taken where a key in hand is served meanwhile. Where one is sought that may be new, or there
        # is none, this process has to have met the failure itself.
        obeys = ahead if not self._failed else not self._is_unusable(request)
        if not obeys:
            return
        outage = self.fleet.outage(since)
        seconds = self.fleet.postponement(outage)
        if outage is not None and seconds > 0:
            raise SharedFailure(
                "the last fetch of a process failed, and the next is not due",
                kind=outage.kind,
                failures=outage.failures,
                seconds=seconds,
                told=True,
            )
        # The lease is asked for in any case, so that others wait; but past their lifespan keys don't wait for others,
        # unless these try what just failed.
        waits = ahead and self._clock() < request.held.life.expires_at
        if not self.fleet.may_fetch() and (waits or outage is not None):
            raise Deferred

    def _fetched(self, request: LoadRequest) -> FetchResult:
        started = self._around.wall()
        try:
            result = self._load(request)
        except KeySourceError as exc:
            raise self._noted(exc, request) from exc
        self._note_success()
        # Past its deadline the fetch has been given up, and another may have stored something newer.
        if self._clock() <= request.deadline:
            self._leave(Record(result, started, self.fleet.name))
        return result

    def _leave(self, record: Record) -> None:
        value = record.to_bytes(self._most_bytes)
        if value is not None:
            ttl = self._rules.lifespan + self._rules.stale_if_error
            self.fleet.leave(value, min(ttl, _LONGEST_TTL))

    def _record(self) -> Record | None:
        """Return the answer that a process left, if it can be read and gives keys."""
        record = self.fleet.read(partial(Record.from_bytes, most_bytes=self._most_bytes))
        # A record from the future would live too long; one of two clocks is wrong. A record without keys marks a
        # withdrawal.
        return record if record and self._age(record) >= 0 and record.keys.keys else None

    def _age(self, record: Record) -> float:
        return self._around.wall() - record.fetched_at + self._skew

    def _noted(self, error: KeySourceError, request: LoadRequest) -> KeySourceError:
        # One that overran says more of this process, which may have stood still, than of the provider.
        if self._clock() >= request.deadline + GRACE:
            return error
        self._failed = True
        noted = self.fleet.note_failure(error, since=request.held.fetched_at)
        return SharedFailure(str(error), kind=error.kind, failures=noted.failures, seconds=noted.delay)

    def _taken(self, record: Record) -> FetchResult:
        self._note_success()
        return replace(record.result, age=self._age(record))

    def _note_success(self) -> None:
        self._failed = False
        self.fleet.note_success()

    def _clock(self) -> float:
        return self._around.clock()

    def _is_unusable(self, request: LoadRequest) -> bool:
        return self._clock() >= request.held.life.unusable_at

    def _state(self, record: Record) -> State:
        age, max_age = self._age(record), record.result.max_age
        return Life.starting(0.0, self._rules, draw=0.0, max_age=max_age).state(age)

    def _is_news(self, record: Record | None, request: LoadRequest) -> TypeGuard[Record]:
        held = request.held
        if record is None or self._state(record) is not State.FRESH:
            return False
        if record.fetched_at <= held.fetched_at + self._skew:
            return False
        if request.reason is RefreshReason.AHEAD:
            return True
        # A lookup waits for this key, so a set without it does not help.
        if request.kid is not None and not record.holds(request.kid):
            return False
        return self._is_unusable(request) or record.result.document != held.result.document

    def _is_search(self, request: LoadRequest) -> bool:
        """Return whether a new kid is wanted, the keys in hand are fresh, and a record may be newer than they are."""
        held = request.held
        within_lifespan = request.reason is not RefreshReason.AHEAD and self._clock() < held.life.expires_at
        return within_lifespan and self._around.wall() > held.fetched_at + self._skew

    def _found_by_another(self, request: LoadRequest) -> Record | None:
        # At most a quarter of the caller's time, or of a fetch's: a fetch may have to follow.
        seconds = min(_SEARCH, self._rules.wait / 4, self._rules.timeout / 4)
        if self.fleet.lease("search", seconds):
            return None
        until = self._clock() + seconds
        for _ in range(_LOOKS):
            self._around.sleep(seconds / _LOOKS)
            record = self._record()
            if self._is_news(record, request):
                return record
            if self._clock() >= until:  # the store is slow
                break
        return None
