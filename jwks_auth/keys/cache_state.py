"""The state of a key source: its snapshot, the budget, the backoff, and the last failure.

Written under the source's lock and read without it: every field is replaced as a whole. Time and chance are
arguments; each change returns the event that tells of it.
"""

from __future__ import annotations

from contextlib import suppress
from math import inf

from jwks_auth.errors import KeySourceError
from jwks_auth.keys.events import KeyEvent
from jwks_auth.keys.freshness import Backoff, Budget, Life, RefreshReason, Rules, State
from jwks_auth.keys.snapshot import NOTHING, Deferred, FetchResult, Health, Snapshot

__all__ = ["CacheState", "RecentKids"]

_DEFERRAL = 1.0
"""Seconds before a source looks again whether another process has brought the keys."""


class CacheState:
    """The cache of one source named *uri*.

    *keeps_set* false: no set is fresh beyond the lookup it was for.
    """

    def __init__(self, rules: Rules, uri: str, *, keeps_set: bool) -> None:
        self.snapshot = NOTHING
        self.budget, self.backoff = Budget(), Backoff()
        self._paid_for: tuple[tuple[int, float], ...] = ()
        self.last_error: KeySourceError | None = None
        self.deferred_until = -inf
        self.uri = uri
        self._rules, self._keeps_set = rules, keeps_set

    def holds_keys(self, now: float) -> bool:
        """Return whether keys are in hand that may be used."""
        return self.snapshot.life.state(now) not in (State.EXPIRED, State.EMPTY)

    def affords(self, now: float) -> float:
        """Return how many fetches unknown kids may cause."""
        return self.budget.available(now, self._rules.cooldown)

    def may_search(self, kid: str | None, now: float) -> bool:
        """Return whether *kid* may cause a fetch: there is budget, and none was spent on it within the cooldown."""
        return self.affords(now) >= 1 and hash(kid) not in (paid for paid, _ in self._fresh_payments(now))

    def spend(self, now: float, kid: str | None) -> None:
        """Pay for a fetch that the unknown *kid* causes."""
        self.budget = self.budget.spend(now, self._rules.cooldown)
        # Nothing else is remembered, so the budget bounds this too. A hash, as a kid may be of any length.
        self._paid_for = (*self._fresh_payments(now), (hash(kid), now))

    def _fresh_payments(self, now: float) -> tuple[tuple[int, float], ...]:
        return tuple(paid for paid in self._paid_for if now - paid[1] < self._rules.cooldown)

    def accept(self, loaded: FetchResult, now: float, *, wall: float, draw: float) -> KeyEvent:
        """Hold the keys in *loaded* from now on. A key that is not among them is gone."""
        old, new = self.snapshot.keys, loaded.keys
        life = Life.starting(now - loaded.age, self._rules, draw=draw, max_age=loaded.max_age)
        fresh_until = life.refresh_at if self._keeps_set else -inf
        born, fetched_at = now - loaded.age, wall - loaded.age
        self.snapshot = Snapshot(new, loaded, life, fresh_until, born, fetched_at)
        self.backoff, self.last_error = Backoff(), None
        return KeyEvent(
            "refresh_ok",
            self.uri,
            added=tuple(sorted(new.kids() - old.kids())),
            removed=tuple(sorted(old.kids() - new.kids())),
            skipped=new.refused,
        )

    def fail(
        self, error: KeySourceError, reason: RefreshReason, now: float, *, draw: float, kid: str | None = None
    ) -> KeyEvent | None:
        """Note a fetch, for *kid*, that failed: the keys stay, and so does their age."""
        if isinstance(error, Deferred):
            self.deferred_until = now + _DEFERRAL
            return None
        if reason is RefreshReason.UNKNOWN_KID:
            self.budget = self.budget.refund()
            self._paid_for = tuple(paid for paid in self._paid_for if paid[0] != hash(kid))
        empty = not self.holds_keys(now)
        self.backoff = self.backoff.after_failure(now, draw=draw, empty=empty, retry_after=error.retry_after)
        self.last_error = _without_frames(error)
        return KeyEvent("refresh_failed", self.uri, kind=error.kind, retry_in=self.backoff.not_before - now)

    def forget(self) -> None:
        """Drop the keys in hand, as if none had been fetched."""
        self.snapshot = NOTHING

    def health(self, now: float) -> Health:
        """The state of the cache at *now*."""
        snapshot, failures = self.snapshot, self.backoff.failures
        held = snapshot is not NOTHING
        return Health(
            state=str(snapshot.life.state(now)),
            age=now - snapshot.born if held else None,
            last_success=snapshot.fetched_at if held else None,
            last_error=self.last_error.kind if self.last_error else None,
            failures=failures,
            next_attempt=max(0.0, self.backoff.not_before - now) if failures else None,
            keys=len(snapshot.keys.keys),
            budget=None if self._rules.cooldown <= 0 else self.affords(now),
        )


class RecentKids:
    """The last *most* kids found, which a source without a set may serve again without a fetch."""

    def __init__(self, most: int | None) -> None:
        self._most = inf if most is None else most
        self._kids: dict[str, None] = {}

    def holds(self, kid: str | None, snapshot: Snapshot, now: float) -> bool:
        """Return whether *kid* was found lately and the snapshot is within its lifespan."""
        return kid is not None and kid in self._kids and now < snapshot.life.expires_at

    def add(self, kid: str | None) -> None:
        """Remember *kid*, and forget the one longest unused."""
        if kid is None:
            return
        self._kids.pop(kid, None)
        self._kids[kid] = None
        while len(self._kids) > self._most:
            # Another thread may be forgetting the same one.
            with suppress(StopIteration, KeyError, RuntimeError):
                del self._kids[next(iter(self._kids))]


def _without_frames(error: KeySourceError) -> KeySourceError:
    """*error*, which is kept for long, without the frames that would keep a whole answer alive."""
    part: BaseException | None = error
    while part is not None:
        part.__traceback__ = None
        part = part.__cause__ or part.__context__
    return error
