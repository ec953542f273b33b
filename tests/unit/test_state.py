"""What a key source remembers, after each thing that can happen to it."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, asdict, replace
from math import inf

import pytest

from jwks_auth.errors import KeySourceError
from jwks_auth.jose.key_set import KeySet
from jwks_auth.keys.failures import Deferred, SharedFailure
from jwks_auth.keys.freshness import RefreshReason, State
from jwks_auth.keys.state import NOTHING, CacheState, FetchResult, Health, LoadRequest
from tests.key_fakes import document, rules_of

NOW, WALL = 1_000_000.0, 1_700_000_000.0
RULES = rules_of()


def loaded(kids: str = "a", **more: object) -> FetchResult:
    """What a load brought."""
    published = document(kids)
    return replace(FetchResult(document=published, keys=KeySet.from_dict(published)), **more)


def state_of(*, holding: str = "", keeps_set: bool = True) -> CacheState:
    """A cache state that has just accepted the keys named in *holding*, if any."""
    cache = CacheState(RULES, "https://issuer.example/keys", keeps_set=keeps_set)
    if holding:
        cache.accept(loaded(holding), NOW, wall=WALL, draw=0.0)
    return cache


def test_a_new_state_is_empty() -> None:
    """Nothing held, nothing failed, the whole budget."""
    assert state_of().health(NOW) == Health(
        state="empty",
        age=None,
        last_success=None,
        last_error=None,
        failures=0,
        next_attempt=None,
        keys=0,
        budget=2,
    )


@pytest.mark.parametrize(
    ("before", "after", "added", "removed"),
    [("", "ab", ("a", "b"), ()), ("ab", "ab", (), ()), ("ab", "bc", ("c",), ("a",))],
)
def test_accepting_keys_tells_what_changed(
    before: str, after: str, added: tuple[str, ...], removed: tuple[str, ...]
) -> None:
    """Which came, which went; and only those of the answer are held."""
    cache = state_of(holding=before)
    event = cache.accept(loaded(after), NOW, wall=WALL, draw=0.0)
    assert (event.name, event.added, event.removed) == ("refresh_ok", added, removed)
    assert cache.snapshot.keys.kids() == set(after)


def test_members_that_are_refused_are_told() -> None:
    """With the reason of each."""
    keys = KeySet.from_dict({"keys": [{"kty": "oct", "k": "AA", "kid": "x"}]})
    event = state_of().accept(FetchResult(document={}, keys=keys), NOW, wall=WALL, draw=0.0)
    [refused] = event.skipped
    assert (refused.kid, refused.reason.split(":")[0]) == ("x", "symmetric")


@pytest.mark.parametrize(
    ("given", "soft", "hard", "dead"),
    [
        ({}, 675, 900, 4500),
        ({"max_age": 400.0}, 300, 400, 4000),
        ({"age": 40.0}, 635, 860, 4460),
        ({"age": 40.0, "max_age": 400.0}, 260, 360, 3960),
    ],
)
def test_the_life_of_keys_begins_when_the_provider_gave_them(
    given: dict[str, float], soft: float, hard: float, dead: float
) -> None:
    """A store's record is as old as it says, and the provider may shorten its life."""
    cache = CacheState(rules_of(lifespan=900), "uri", keeps_set=True)
    cache.accept(loaded(**given), NOW, wall=WALL, draw=0.0)
    life, age = cache.snapshot.life, given.get("age", 0.0)
    assert (life.refresh_at - NOW, life.expires_at - NOW, life.unusable_at - NOW) == (soft, hard, dead)
    assert (cache.snapshot.born, cache.snapshot.fetched_at) == (NOW - age, WALL - age)


@pytest.mark.parametrize(("keeps_set", "fresh_until"), [(True, NOW + 225), (False, -inf)])
def test_a_set_that_is_not_kept_is_never_fresh(keeps_set: bool, fresh_until: float) -> None:
    """``cache_jwk_set=False``: every lookup is thought about."""
    assert state_of(holding="a", keeps_set=keeps_set).snapshot.fresh_until == fresh_until


def test_success_ends_backoff_and_the_last_error() -> None:
    """However many failures there were."""
    cache = state_of()
    for _ in range(5):
        cache.fail(KeySourceError(kind="tls"), RefreshReason.SCHEDULED, NOW, draw=0.5)
    assert (cache.health(NOW).failures, cache.health(NOW).last_error) == (5, "tls")
    cache.accept(loaded(), NOW, wall=WALL, draw=0.0)
    assert (cache.health(NOW).failures, cache.health(NOW).last_error) == (0, None)
    assert cache.backoff.not_before == -inf


@pytest.mark.parametrize(
    ("reason", "budget"),
    [
        (RefreshReason.AHEAD, 1),
        (RefreshReason.SCHEDULED, 1),
        (RefreshReason.EXPLICIT, 1),
        (RefreshReason.UNKNOWN_KID, 2),
    ],
)
def test_a_failed_fetch_gives_back_what_it_cost(reason: RefreshReason, budget: int) -> None:
    """Only the search for an unknown kid is paid for."""
    cache = state_of(holding="a")
    cache.budget.spend("b", NOW)
    cache.fail(KeySourceError(), reason, NOW, draw=0.5, kid="b")
    assert cache.budget.available(NOW) == budget
    assert cache.budget.allows("b", NOW) is (budget == 2)


def test_a_refresh_that_was_cut_off_is_as_if_it_had_not_been() -> None:
    """No failure, and what it cost comes back."""
    cache = state_of(holding="a")
    cache.budget.spend("b", NOW)
    cache.release(RefreshReason.AHEAD, None)
    assert cache.budget.available(NOW) == 1
    cache.release(RefreshReason.UNKNOWN_KID, "b")
    assert (cache.budget.available(NOW), cache.health(NOW).failures) == (2, 0)


@pytest.mark.parametrize(("holding", "failures"), [("a", 7), ("", 1)])
@pytest.mark.parametrize("told", [True, False])
def test_a_failure_of_all_processes_has_their_backoff(holding: str, failures: int, told: bool) -> None:
    """Where keys are in hand. One that another process met is no event here."""
    cache = state_of(holding=holding)
    error = SharedFailure("no", kind="tls", failures=7, seconds=50.0, told=told)
    event = cache.fail(error, RefreshReason.AHEAD, NOW, draw=0.5)
    health = cache.health(NOW)
    assert (health.failures, health.last_error) == (failures, "tls")
    assert (event is None) is told
    assert health.next_attempt == 50.0


@pytest.mark.parametrize(("holding", "longest"), [("a", 60.0), ("", 15.0)])
def test_a_failure_costs_no_key_and_no_time(holding: str, longest: float) -> None:
    """The keys stay as they are and as old as they are; without any, the next attempt comes sooner."""
    cache = state_of(holding=holding)
    held = cache.snapshot
    for _ in range(20):
        event = cache.fail(KeySourceError(kind="status"), RefreshReason.AHEAD, NOW, draw=0.5)
    assert cache.snapshot is held
    assert event is not None
    assert (event.name, event.kind, event.retry_in) == ("refresh_failed", "status", longest)
    assert cache.health(NOW + 1).next_attempt == longest - 1


def test_a_put_off_load_is_no_failure() -> None:
    """It tells nothing, and is asked again a second later."""
    cache = state_of(holding="a")
    assert cache.fail(Deferred(), RefreshReason.AHEAD, NOW, draw=0.5) is None
    assert cache.health(NOW).failures == 0
    assert cache.deferred_until == NOW + 1


def test_forgetting_is_not_failing() -> None:
    """As if nothing had been fetched."""
    cache = state_of(holding="a")
    cache.forget()
    assert cache.snapshot is NOTHING
    assert not cache.holds_keys(NOW)
    assert cache.health(NOW).failures == 0


@pytest.mark.parametrize(
    ("age", "state", "held"),
    [(0, "fresh", True), (230, "ahead", True), (301, "stale", True), (3901, "expired", False)],
)
def test_health_follows_from_age_alone(age: float, state: str, held: bool) -> None:
    """Nobody has to look for the state to change."""
    cache = state_of(holding="ab")
    health = cache.health(NOW + age)
    assert (health.state, health.age, health.last_success, health.keys) == (state, age, WALL, 2)
    assert cache.holds_keys(NOW + age) is held


def test_an_error_is_kept_without_its_frames() -> None:
    """They would keep a whole answer in memory until the next success."""

    def failure() -> KeySourceError:
        body = b"x" * 1000
        try:
            try:
                raise ValueError(len(body))
            except ValueError as exc:
                raise KeySourceError from exc
        except KeySourceError as exc:
            return exc

    error, cache = failure(), state_of()
    assert error.__traceback__ is not None
    cache.fail(error, RefreshReason.SCHEDULED, NOW, draw=0.5)
    assert cache.last_error is error
    assert error.__traceback__ is None
    assert error.__cause__ is not None
    assert error.__cause__.__traceback__ is None


@pytest.mark.parametrize("holding", ["", "a"])
@pytest.mark.parametrize("cooldown", [0.0, 30.0])
def test_health_can_be_sent_as_json(holding: str, cooldown: float) -> None:
    """Without ``Infinity``, which JSON does not have."""
    cache = CacheState(rules_of(cooldown=cooldown, lifespan=inf, stale_if_error=inf), "uri", keeps_set=True)
    if holding:
        cache.accept(loaded(holding), NOW, wall=WALL, draw=0.0)
    cache.fail(KeySourceError(retry_after=inf), RefreshReason.AHEAD, NOW, draw=0.5)
    health = json.loads(json.dumps(asdict(cache.health(NOW)), allow_nan=False))
    assert health["budget"] == (2 if cooldown else None)


# values


def test_nothing_is_never_served() -> None:
    """What is held before the first fetch has no keys and no age at which it would be good."""
    for now in (0.0, -1e9, 1e9):
        assert NOTHING.life.state(now) is State.EMPTY
        assert now >= NOTHING.fresh_until
    assert NOTHING.keys.kids() == set()


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (NOTHING, "keys"),
        (LoadRequest(RefreshReason.AHEAD, NOTHING, 0.0), "deadline"),
        (FetchResult(document={}, keys=NOTHING.keys), "keys"),
        (
            Health(
                state="empty",
                age=None,
                last_success=None,
                last_error=None,
                failures=0,
                next_attempt=None,
                keys=0,
                budget=2,
            ),
            "keys",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_do_not_change(value: object, name: str) -> None:
    """Readers take no lock, as nothing they have got hold of can change."""
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, None)


def test_putting_off_is_told_from_failing_by_type() -> None:
    """It is a ``KeySourceError`` on its way through a load, and has a kind as they all do."""
    assert isinstance(Deferred(), KeySourceError)
    assert Deferred().kind == "deferred"
