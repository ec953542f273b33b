"""The state of one issuer's keys: the snapshot in hand, the budget, the backoff, and the last failure.

It is written under the refresher's lock and read without it, so every field is replaced as a whole. Times and random
draws are arguments. Each change returns its event.
"""

from __future__ import annotations

from dataclasses import field
from math import inf
from typing import Any, TypeVar

from jwks_auth.errors import KeySourceError
from jwks_auth.jose import KeySet
from jwks_auth.keys.budget import SearchBudget
from jwks_auth.keys.events import KeyEvent
from jwks_auth.keys.failures import Deferred, SharedFailure
from jwks_auth.keys.freshness import Backoff, CacheView, Life, RefreshReason, Rules, State
from jwks_auth.runtime import dataclass

__all__ = ["NOTHING", "CacheState", "FetchResult", "Health", "LoadRequest", "Snapshot"]

ValueT = TypeVar("ValueT")

_DEFERRAL = 1.0
"""Seconds after which a source checks again whether another process has brought the keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """The keys that a load brought, with the document they are in and its HTTP metadata."""

    document: Any
    """A key set document, or what an overriding ``fetch_data`` returned."""
    keys: KeySet
    raw: dict[str, Any] | None = None
    """The document as it came from the network; a 304 confirms it."""
    etag: str | None = None
    max_age: float | None = None
    age: float = 0.0
    """Seconds since the provider gave it; more than 0 for a record from a store."""
    due: RefreshReason | None = None
    """A fetch is due at once, for this reason: these are keys from a store, past their freshness."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The keys in hand and their life. Immutable except for ``found``, so that readers need no lock."""

    keys: KeySet
    result: FetchResult
    life: Life
    fresh_until: float
    """The time until which a key in the set is served without a refresh."""
    born: float
    """The time at which the provider gave it, on the source's clock."""
    fetched_at: float
    """The same time in seconds since 1970."""
    found: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """Values found so far, by kid. They go with the snapshot, and withdrawn keys with them."""

    def state(self, now: float) -> State:
        """Return the state of these keys at *now*."""
        return self.life.state(now)

    def remember(self, kid: str, value: ValueT) -> ValueT:
        """Remember *value* under *kid* unless it is ``None``, and return it."""
        if value is not None:
            self.found[kid] = value
        return value


_NO_KEYS = KeySet(())

NOTHING = Snapshot(_NO_KEYS, FetchResult(document=None, keys=_NO_KEYS), Life(), -inf, -inf, -inf)
"""The snapshot of a source before its first fetch."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """A request to load keys by *deadline*, given the snapshot *held* already.

    *kid* is the one whose lookup caused it.
    """

    reason: RefreshReason
    held: Snapshot
    deadline: float
    kid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A source's health. Times are in seconds ago or from now, except ``last_success``."""

    state: str
    age: float | None
    last_success: float | None
    """Seconds since 1970."""
    last_error: str | None
    """The ``kind`` of the last failure, until a fetch succeeds."""
    failures: int
    next_attempt: float | None
    """Seconds until a failed fetch may be repeated."""
    keys: int
    budget: float | None
    """The number of fetches that unknown kids may cause now; ``None`` for any number."""


class CacheState:
    """The state of the source named *uri*.

    Unless it *keeps_set*, a set is fresh for the one lookup that fetched it.
    """

    def __init__(self, rules: Rules, uri: str, *, keeps_set: bool) -> None:
        self.snapshot = NOTHING
        self.budget, self.backoff = SearchBudget(rules.cooldown), Backoff()
        self.last_error: KeySourceError | None = None
        self.deferred_until = -inf
        self.uri = uri
        self._rules, self._keeps_set = rules, keeps_set

    @property
    def failing(self) -> bool:
        """Return whether the last fetch failed."""
        return self.backoff.failures > 0

    def holds_keys(self, now: float) -> bool:
        """Return whether there are usable keys in hand."""
        return self.snapshot.state(now) not in (State.EXPIRED, State.EMPTY)

    def view(self, now: float, kid: str | None, *, known: bool, refreshing: bool, awaited: bool) -> CacheView:
        """Return the view on which the next step of a lookup of *kid* depends."""
        return CacheView(
            state=self.snapshot.state(now),
            known=known,
            due=now >= self.deferred_until,
            refreshing=refreshing,
            awaited=awaited,
            failing=self.failing,
            backing_off=now < self.backoff.not_before,
            budget=known or refreshing or self.budget.allows(kid, now),
            eager=self._rules.cooldown <= 0,
        )

    def accept(self, result: FetchResult, now: float, *, wall: float, draw: float) -> KeyEvent:
        """Replace the keys in hand by those in *result*."""
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
        """Note that a fetch, for *kid*, failed. The keys stay, with their age."""
        if isinstance(error, Deferred):
            self.deferred_until = now + _DEFERRAL
            return None
        self.release(reason, kid)
        self.backoff = self._backoff_after(error, now, draw)
        self.last_error = _without_frames(error)
        if isinstance(error, SharedFailure) and error.told:
            return None
        return KeyEvent("refresh_failed", self.uri, kind=error.kind, retry_in=self.backoff.not_before - now)

    def _backoff_after(self, error: KeySourceError, now: float, draw: float) -> Backoff:
        holds_keys = self.holds_keys(now)
        if isinstance(error, SharedFailure) and holds_keys:
            return Backoff(error.failures, now + error.seconds)
        return self.backoff.after_failure(now, draw=draw, empty=not holds_keys, retry_after=error.retry_after)

    def release(self, reason: RefreshReason, kid: str | None) -> None:
        """Note a refresh, for *kid*, that was cut off: it is as if it had not been."""
        if reason is RefreshReason.UNKNOWN_KID:
            self.budget.refund(kid)

    def forget(self) -> None:
        """Drop the keys in hand, as if none had been fetched."""
        self.snapshot = NOTHING

    def error(self, cause: KeySourceError | None, now: float) -> KeySourceError:
        """Return the error of a lookup at *now*, made from *cause* or else from the last failure."""
        cause = cause or self.last_error
        retry_after = max(1.0, self.backoff.not_before - now)
        if cause is None:
            return KeySourceError(retry_after=retry_after)
        # A new error each time: the traceback of one that is raised again and again grows.
        error = KeySourceError(str(cause), kind=cause.kind, retry_after=retry_after)
        error.__cause__ = cause.__cause__ or cause
        return error

    def health(self, now: float) -> Health:
        """Return the health at *now*."""
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
            budget=None if self._rules.cooldown <= 0 else self.budget.available(now),
        )


def _without_frames(error: KeySourceError) -> KeySourceError:
    """Return *error* without its frames: it is kept for long, and they would keep a whole answer in memory."""
    part: BaseException | None = error
    while part is not None:
        part.__traceback__ = None
        part = part.__cause__ or part.__context__
    return error
