"""The rules of freshness, as tables."""

from __future__ import annotations

from math import inf

import pytest

from jwks_auth.keys.freshness import (
    Backoff,
    CacheView,
    Decision,
    Life,
    RefreshReason,
    State,
    WaitPolicy,
    decide,
)
from tests.key_fakes import rules_of

RULES = rules_of()


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (0, State.FRESH),
        (246, State.FRESH),
        (248, State.AHEAD),
        (299, State.AHEAD),
        (300, State.STALE),
        (3899, State.STALE),
        (3900, State.EXPIRED),
        (1e9, State.EXPIRED),
    ],
)
def test_state_follows_from_age(age: float, state: State) -> None:
    """A set of keys is fresh, due ahead of need, stale and unusable, in this order."""
    assert Life.starting(1000.0, RULES, draw=0.5).state(1000.0 + age) is state


def test_nothing_held_is_empty() -> None:
    """A life that never began is no expired one."""
    assert Life().state(0.0) is State.EMPTY


def test_no_use_after_the_lifespan_where_that_is_forbidden() -> None:
    """``stale_if_error=0`` has no stale state."""
    life = Life.starting(0.0, rules_of(lifespan=300, stale_if_error=0), draw=0.0)
    assert life.state(299.9) is State.AHEAD
    assert life.state(300.0) is State.EXPIRED


@pytest.mark.parametrize(
    ("max_age", "lifespan"),
    [(None, 900), (0, 300), (15, 300), (299, 300), (600, 600), (900, 900), (86_400, 900)],
)
def test_the_provider_may_only_shorten_the_lifespan(max_age: float | None, lifespan: float) -> None:
    """``max-age`` shortens it, but not below five minutes; no-store is a max-age of 0."""
    life = Life.starting(0.0, rules_of(lifespan=900), draw=0.0, max_age=max_age)
    assert (life.expires_at, life.unusable_at) == (lifespan, lifespan + 3600)


def test_a_lifespan_below_five_minutes_is_the_users_word() -> None:
    """The provider's wish does not lengthen it."""
    assert Life.starting(0.0, rules_of(lifespan=10), draw=0.0, max_age=0).expires_at == 10


@pytest.mark.parametrize("draw", [0.0, 0.5, 0.999])
def test_renewal_begins_at_75_to_90_percent(draw: float) -> None:
    """The soft point is drawn, so that a fleet does not refresh together."""
    assert 0.75 * 300 <= Life.starting(0.0, RULES, draw=draw).refresh_at < 0.9 * 300


@pytest.mark.parametrize(
    ("failures", "empty", "delay"),
    [(0, False, 1), (1, False, 2), (5, False, 32), (9, False, 60), (9, True, 15)],
)
def test_backoff_doubles_up_to_a_cap(failures: int, empty: bool, delay: float) -> None:
    """1 s, 2 s, ... 60 s, or 15 s while there are no keys at all."""
    after = Backoff(failures).after_failure(0.0, draw=0.5, empty=empty, retry_after=None)
    assert after == Backoff(failures + 1, delay)


def test_backoff_is_spread() -> None:
    """Chance moves a delay by a quarter either way."""
    early, late = (Backoff(2).after_failure(0.0, draw=d, empty=False, retry_after=0) for d in (0.0, 1.0))
    assert (early.not_before, late.not_before) == (3.0, 5.0)


@pytest.mark.parametrize(("asked", "delay"), [(0.5, 1.0), (120.0, 120.0), (86_400.0, 300.0), (inf, 300.0)])
def test_retry_after_is_honoured_up_to_five_minutes(asked: float, delay: float) -> None:
    """A provider may ask for more time, but can't ask for a day."""
    assert Backoff().after_failure(0.0, draw=0.5, empty=True, retry_after=asked).not_before == delay


def test_a_year_of_outage_does_not_overflow() -> None:
    """The exponent is bounded."""
    assert Backoff(10**6).after_failure(0.0, draw=0.5, empty=False, retry_after=None).not_before == 60


FRESH, AHEAD, STALE, EXPIRED, EMPTY = State.FRESH, State.AHEAD, State.STALE, State.EXPIRED, State.EMPTY
STAY = Decision(None, WaitPolicy.NONE)


@pytest.mark.parametrize(
    ("state", "flags", "move"),
    [
        # a known key
        (FRESH, "known", STAY),
        (FRESH, "known refreshing", STAY),
        (AHEAD, "known", Decision(RefreshReason.AHEAD, WaitPolicy.NONE)),
        (AHEAD, "known refreshing", STAY),
        (AHEAD, "known failing backing_off", STAY),
        (AHEAD, "known deferred", STAY),
        (STALE, "known", Decision(RefreshReason.AHEAD, WaitPolicy.BRIEF)),
        (STALE, "known refreshing awaited", Decision(None, WaitPolicy.BRIEF)),
        (STALE, "known refreshing", STAY),
        (STALE, "known deferred", STAY),
        (STALE, "known failing", Decision(RefreshReason.AHEAD, WaitPolicy.BRIEF)),
        (STALE, "known failing refreshing awaited", STAY),
        (STALE, "known failing backing_off", STAY),
        # an unknown key beside good ones
        (FRESH, "", Decision(RefreshReason.UNKNOWN_KID, WaitPolicy.FULL)),
        (FRESH, "broke", STAY),
        (FRESH, "refreshing", Decision(None, WaitPolicy.FULL)),
        (FRESH, "refreshing broke", Decision(None, WaitPolicy.FULL)),
        (FRESH, "failing", Decision(RefreshReason.UNKNOWN_KID, WaitPolicy.FULL)),
        (FRESH, "failing refreshing", STAY),
        (FRESH, "failing backing_off", STAY),
        (FRESH, "failing backing_off eager", Decision(RefreshReason.UNKNOWN_KID, WaitPolicy.FULL)),
        (AHEAD, "", Decision(RefreshReason.SCHEDULED, WaitPolicy.FULL)),
        (AHEAD, "broke", Decision(RefreshReason.SCHEDULED, WaitPolicy.FULL)),
        (AHEAD, "deferred", Decision(RefreshReason.UNKNOWN_KID, WaitPolicy.FULL)),
        (STALE, "", Decision(RefreshReason.SCHEDULED, WaitPolicy.FULL)),
        (STALE, "failing", Decision(RefreshReason.SCHEDULED, WaitPolicy.FULL)),
        (STALE, "failing backing_off", STAY),
        # no keys
        *(
            (state, flags, move)
            for state in (EXPIRED, EMPTY)
            for flags, move in [
                ("", Decision(RefreshReason.SCHEDULED, WaitPolicy.FULL)),
                ("refreshing", Decision(None, WaitPolicy.FULL)),
                ("failing", Decision(RefreshReason.SCHEDULED, WaitPolicy.FULL)),
                ("failing backing_off", STAY),
                ("failing backing_off eager", Decision(RefreshReason.SCHEDULED, WaitPolicy.FULL)),
            ]
        ),
    ],
)
def test_the_decision_of_a_lookup(state: State, flags: str, move: Decision) -> None:
    """What a lookup does follows from the state, the refresh, the failures and the budget alone."""
    given = set(flags.split())
    view = CacheView(
        state=state,
        known="known" in given,
        due="deferred" not in given,
        refreshing="refreshing" in given,
        awaited="awaited" in given,
        failing="failing" in given,
        backing_off="backing_off" in given,
        budget="broke" not in given,
        eager="eager" in given,
    )
    assert decide(view) == move
