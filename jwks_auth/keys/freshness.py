"""Rules for serving, refreshing and refusing keys, without clock, lock, thread or network.

Times are seconds that never decrease, passed as ``now``; random draws are numbers in [0, 1), passed as ``draw``.
:class:`~jwks_auth.keys.source.KeySource` supplies both and applies the rules.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from math import inf
from typing import NamedTuple

from jwks_auth.runtime import dataclass

__all__ = [
    "BRIEF_WAIT",
    "Backoff",
    "CacheView",
    "Decision",
    "Life",
    "RefreshReason",
    "Rules",
    "State",
    "WaitPolicy",
    "decide",
]

BRIEF_WAIT = 2.0
"""The most seconds that a caller with a stale key waits for the attempt to renew it."""

_SHORTEST_LIFESPAN = 300.0
_LONGEST_BACKOFF = 60.0
_LONGEST_BACKOFF_WHILE_EMPTY = 15.0
_LONGEST_RETRY_AFTER = 300.0


class State(StrEnum):
    """The state of the keys in hand, by their age; ``docs/explanation/keys.md`` shows what each means for a request."""

    FRESH = "fresh"
    AHEAD = "ahead"
    STALE = "stale"
    EXPIRED = "expired"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A source's durations, in seconds. Code that takes them from a user checks them."""

    lifespan: float
    stale_if_error: float
    cooldown: float
    timeout: float
    wait: float


@dataclass(frozen=True, slots=True)
class Life:
    """The three ages at which one set of keys changes state, as points in time."""

    refresh_at: float = -inf
    expires_at: float = -inf
    unusable_at: float = -inf

    @classmethod
    def starting(cls, born: float, rules: Rules, *, draw: float, max_age: float | None = None) -> Life:
        """Return the life of keys fetched at *born*.

        *max_age* is the answer's own (RFC 9111 section 5.2.2). It may only shorten the lifespan, and not below five
        minutes: providers that send ``max-age=15``, or ``no-store``, ask to be spared all the same. ``refresh_at`` is
        drawn anew each time, so that a fleet started together does not refresh together.
        """
        lifespan = rules.lifespan
        if max_age is not None:
            lifespan = min(lifespan, max(max_age, _SHORTEST_LIFESPAN))
        expires_at = born + lifespan
        return cls(born + lifespan * (0.75 + 0.15 * draw), expires_at, expires_at + rules.stale_if_error)

    def state(self, now: float) -> State:
        """Return the state at *now*; ``EMPTY`` before the first keys."""
        if now < self.refresh_at:
            return State.FRESH
        if now < self.expires_at:
            return State.AHEAD
        if now < self.unusable_at:
            return State.STALE
        return State.EMPTY if self.unusable_at == -inf else State.EXPIRED


@dataclass(frozen=True, slots=True)
class Backoff:
    """The number of failed fetches in a row, and the time at which the next may start."""

    failures: int = 0
    not_before: float = -inf

    def after_failure(self, now: float, *, draw: float, empty: bool, retry_after: float | None) -> Backoff:
        """Return the backoff after one more failure: 1 s doubling to 60 s (15 s while *empty*), or *retry_after*."""
        longest = _LONGEST_BACKOFF_WHILE_EMPTY if empty else _LONGEST_BACKOFF
        # Bounded, because the power would overflow after a day of outage.
        delay = min(longest, 2.0 ** min(self.failures, 64) * (0.75 + 0.5 * draw))
        asked = min(retry_after or 0.0, _LONGEST_RETRY_AFTER)
        return Backoff(self.failures + 1, now + max(delay, asked))


class RefreshReason(Enum):
    """The reason for a fetch. It decides on budget, backoff and yielding to other processes."""

    AHEAD = "ahead"
    """The keys in hand serve meanwhile. Within their lifespan the fetch yields to another process's."""
    SCHEDULED = "scheduled"
    """The keys are due for renewal, and a caller waits."""
    UNKNOWN_KID = "unknown_kid"
    """A lookup of a key that is not in hand; it costs budget."""
    EXPLICIT = "explicit"
    """A request of the program; no budget or backoff delays it."""


class WaitPolicy(Enum):
    """The time for which a lookup waits for the fetch in progress."""

    NONE = "none"
    BRIEF = "brief"
    FULL = "full"


class Decision(NamedTuple):
    """A lookup's next step: the fetch to start, if any, and how long to wait for the one in progress."""

    fetch: RefreshReason | None
    wait: WaitPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheView:
    """The state that a lookup's next step depends on."""

    state: State
    known: bool
    """The key is in hand and may be used."""
    due: bool = True
    """A renewal may start; false while another process fetches."""
    refreshing: bool = False
    """A refresh is in progress."""
    awaited: bool = False
    """It is one that a lookup with a stale key waits for."""
    failing: bool = False
    """The last fetch failed."""
    backing_off: bool = False
    """The next fetch must wait."""
    budget: bool = True
    """An unknown kid may cause a fetch."""
    eager: bool = False
    """Fetches that a caller waits for need no budget and ignore the backoff (``cooldown_duration=0``)."""


def decide(view: CacheView) -> Decision:
    """Decide on the next step of one lookup, by the table in ``docs/explanation/keys.md``."""
    if view.known:
        return _for_known_key(view)
    if view.state in (State.EXPIRED, State.EMPTY):
        return _for_no_keys(view)
    return _for_unknown_key(view)


def _for_known_key(view: CacheView) -> Decision:
    if view.state is State.FRESH:
        return Decision(None, WaitPolicy.NONE)
    fetch = RefreshReason.AHEAD if view.due and not view.refreshing and not view.backing_off else None
    if view.state is State.AHEAD:
        return Decision(fetch, WaitPolicy.NONE)
    # From stale on the lookup that starts a refresh waits for it, because a process that is frozen between requests has
    # no background. Others wait with it, unless the last one failed.
    waits = fetch is not None or (view.awaited and not view.failing)
    return Decision(fetch, WaitPolicy.BRIEF if waits else WaitPolicy.NONE)


def _for_no_keys(view: CacheView) -> Decision:
    if view.refreshing:
        return Decision(None, WaitPolicy.FULL)
    if view.backing_off and not view.eager:
        return Decision(None, WaitPolicy.NONE)
    return Decision(RefreshReason.SCHEDULED, WaitPolicy.FULL)


def _for_unknown_key(view: CacheView) -> Decision:
    if view.refreshing:
        # While fetches fail, each made-up kid would otherwise block a thread until the deadline.
        return Decision(None, WaitPolicy.NONE if view.failing and not view.eager else WaitPolicy.FULL)
    if view.backing_off and not view.eager:
        return Decision(None, WaitPolicy.NONE)
    if view.state is not State.FRESH and view.due:
        return Decision(RefreshReason.SCHEDULED, WaitPolicy.FULL)
    if not view.budget:
        return Decision(None, WaitPolicy.NONE)
    return Decision(RefreshReason.UNKNOWN_KID, WaitPolicy.FULL)
