"""The state of one issuer's keys: the snapshot in hand, the budget, the backoff, and the last failure.

Written under the refresher's lock and read without it: every field is replaced as a whole. Time and chance are
arguments; each change returns the event that tells of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import Any, TypeVar

from jwks_auth.errors import KeySourceError
from jwks_auth.jose import KeySet
from jwks_auth.keys.events import KeyEvent
from jwks_auth.keys.freshness import Backoff, Budget, CacheView, Life, RefreshReason, Rules, State

__all__ = ["NOTHING", "CacheState", "Deferred", "FetchResult", "Health", "LoadRequest", "Snapshot"]

ValueT = TypeVar("ValueT")

_DEFERRAL = 1.0
"""Seconds before a source looks again whether another process has brought the keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """The keys that a load brought, and what was said of them."""

    document: Any
    """A key set document, or whatever an overriding ``fetch_data`` returned instead."""
    keys: KeySet
    raw: dict[str, Any] | None = None
    """The document as it came from the network, which a 304 confirms."""
    etag: str | None = None
    max_age: float | None = None
    age: float = 0.0
    """Seconds since the provider gave it; more than 0 where it comes from a store."""
    failure: KeySourceError | None = None
    """Why these are old keys from a store: the provider did not answer."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The keys in hand and how long they live. Immutable but for a memo, so that readers need no lock."""

    keys: KeySet
    result: FetchResult
    life: Life
    fresh_until: float
    """Until then a key in the set is served without a further thought."""
    born: float
    """When the provider gave it, on the source's clock."""
    fetched_at: float
    """The same in seconds since 1970."""
    found: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """Values found by kid so far: gone with the snapshot, so that no withdrawn key is left behind."""

    def state(self, now: float) -> State:
        """Return the state of these keys at *now*."""
        return self.life.state(now)

    def remember(self, kid: str, value: ValueT) -> ValueT:
        """Return *value*, which from now on is found by *kid*; ``None`` is not worth remembering."""
        if value is not None:
            self.found[kid] = value
        return value


_NO_KEYS = KeySet(())

NOTHING = Snapshot(_NO_KEYS, FetchResult(document=None, keys=_NO_KEYS), Life(), -inf, -inf, -inf)
"""The snapshot of a source before its first fetch."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """A request to load: to be back by *deadline*, knowing what is *held* already.

    *kid* is that of the lookup which caused it.
    """

    reason: RefreshReason
    held: Snapshot
    deadline: float
    kid: str | None = None


class Deferred(KeySourceError):
    """A load that was put off, because another process is already fetching the same keys."""

    def __init__(self) -> None:
        super().__init__("another process is fetching the keys", kind="deferred")


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A source's condition. All but ``last_success`` are relative: seconds ago, or seconds from now."""

    state: str
    age: float | None
    last_success: float | None
    """Seconds since 1970."""
    last_error: str | None
    """The ``kind`` of the last failure, until a fetch succeeds."""
    failures: int
    next_attempt: float | None
    """When a failed fetch may be repeated."""
    keys: int
    budget: float | None
    """How many fetches unknown kids may cause at this moment; ``None`` for any number."""


class CacheState:
    """The state of the source named *uri*.

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

    @property
    def failing(self) -> bool:
        """Return whether the last fetch failed."""
        return self.backoff.failures > 0

    def holds_keys(self, now: float) -> bool:
        """Return whether keys are in hand that may be used."""
        return self.snapshot.state(now) not in (State.EXPIRED, State.EMPTY)

    def view(self, now: float, kid: str | None, *, known: bool, refreshing: bool) -> CacheView:
        """Return all that a lookup of *kid* depends on."""
        return CacheView(
            state=self.snapshot.state(now),
            known=known,
            due=now >= self.deferred_until,
            refreshing=refreshing,
            failing=self.failing,
            backing_off=now < self.backoff.not_before,
            budget=known or self.may_search(kid, now),
            eager=self._rules.cooldown <= 0,
        )

    def affords(self, now: float) -> float:
        """Return how many fetches unknown kids may cause."""
        return self.budget.available(now, self._rules.cooldown)

    def may_search(self, kid: str | None, now: float) -> bool:
        """Return whether *kid* may cause a fetch: there is budget, and none was spent on it within the cooldown."""
        return self.affords(now) >= 1 and hash(kid) not in dict(self._recent_payments(now))

    def spend(self, now: float, kid: str | None) -> None:
        """Pay for a fetch that the unknown *kid* causes."""
        self.budget = self.budget.spend(now, self._rules.cooldown)
        # Nothing else is remembered, so the budget bounds this too. A hash, as a kid may be of any length.
        self._paid_for = (*self._recent_payments(now), (hash(kid), now))

    def _recent_payments(self, now: float) -> tuple[tuple[int, float], ...]:
        return tuple(paid for paid in self._paid_for if now - paid[1] < self._rules.cooldown)

    def accept(self, result: FetchResult, now: float, *, wall: float, draw: float) -> KeyEvent:
        """Hold the keys in *result* from now on. A key that is not among them is gone."""
        old, new = self.snapshot.keys, result.keys
        born, fetched_at = now - result.age, wall - result.age
        life = Life.starting(born, self._rules, draw=draw, max_age=result.max_age)
        fresh_until = life.refresh_at if self._keeps_set else -inf
        self.snapshot = Snapshot(new, result, life, fresh_until, born, fetched_at)
        self.backoff, self.last_error = Backoff(), None
        before, after = old.kids(), new.kids()
        return KeyEvent(
            "refresh_ok",
            self.uri,
            added=tuple(sorted(after - before)),
            removed=tuple(sorted(before - after)),
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

    def error(self, cause: KeySourceError | None, now: float) -> KeySourceError:
        """Return the error for a lookup at *now*, because of *cause* or else of the last failure."""
        cause = cause or self.last_error
        retry_after = max(1.0, self.backoff.not_before - now)
        if cause is None:
            return KeySourceError(retry_after=retry_after)
        # A new error each time: one raised again and again would grow a traceback without end.
        error = KeySourceError(str(cause), kind=cause.kind, retry_after=retry_after)
        error.__cause__ = cause.__cause__ or cause
        return error

    def health(self, now: float) -> Health:
        """Return the condition at *now*."""
        snapshot, failures = self.snapshot, self.backoff.failures
        held = snapshot is not NOTHING
        return Health(
            state=str(snapshot.state(now)),
            age=now - snapshot.born if held else None,
            last_success=snapshot.fetched_at if held else None,
            last_error=self.last_error.kind if self.last_error else None,
            failures=failures,
            next_attempt=max(0.0, self.backoff.not_before - now) if failures else None,
            keys=len(snapshot.keys.keys),
            budget=None if self._rules.cooldown <= 0 else self.affords(now),
        )


def _without_frames(error: KeySourceError) -> KeySourceError:
    """Return *error*, which is kept for long, without the frames that would keep a whole answer alive."""
    part: BaseException | None = error
    while part is not None:
        part.__traceback__ = None
        part = part.__cause__ or part.__context__
    return error
