"""Loading keys through a shared store, and what becomes of it when that fails or lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from jwks_auth.errors import KeySourceError
from jwks_auth.jose.key_set import KeySet
from jwks_auth.keys.failures import Deferred, SharedFailure
from jwks_auth.keys.fleet import Surroundings
from jwks_auth.keys.freshness import Life, RefreshReason
from jwks_auth.keys.refresh import Refresh
from jwks_auth.keys.shared import SharedLoad
from jwks_auth.keys.state import FetchResult, LoadRequest, Snapshot
from jwks_auth.stores.protocol import KeySetStore, MemoryStore, SealedStore
from tests.key_fakes import Bench, Clock, Provider, document, rules_of, source_of
from tests.patience import soon

SECRET = "a secret of the fleet"


class Sharing:
    """A process of a fleet: its load through *store*, and what it reported."""

    def __init__(self, store: KeySetStore, provider: Provider, clock: Clock, **given: float) -> None:
        self.reported: list[str] = []
        self.deadline = inf
        self.held = source_of().source.cache.snapshot
        self.provider, self.clock = provider, clock
        self.naps: list[float] = []
        self.held_calls: list[Callable[[], None]] | None = None
        self.load = SharedLoad(
            provider,
            store,
            rules_of(**given),
            name="https://issuer.example/keys",
            on_failure=self.reported.append,
            around=Surroundings(
                clock=clock,
                wall=clock,
                rng=lambda: 0.5,
                sleep=lambda seconds: self.nap(seconds),
                spawn=self.spawn,
            ),
        )

    def spawn(self, run: Callable[[], None]) -> None:
        """Do it at once, unless it is held."""
        if self.held_calls is None:
            run()
        else:
            self.held_calls.append(run)

    def nap(self, seconds: float) -> None:
        """Let time pass."""
        self.naps.append(seconds)
        self.clock.advance(seconds)

    def __call__(
        self, reason: RefreshReason = RefreshReason.SCHEDULED, kid: str | None = None
    ) -> FetchResult:
        """Load, and hold what came."""
        result = self.load(LoadRequest(reason, self.held, self.deadline, kid))
        self.held = Snapshot(result.keys, result, Life(0.0, inf, inf), 0.0, 0.0, self.clock.now - result.age)
        return result


@pytest.fixture
def clock() -> Clock:
    """One clock for the whole fleet."""
    return Clock()


def test_an_override_with_an_object_of_its_own_is_not_shared(clock: Clock) -> None:
    """A ``PyJWKSet`` stays in its process."""
    store = MemoryStore()
    process = Sharing(store, Provider(), clock)
    process.load._load = lambda request: FetchResult(document=object(), keys=KeySet.from_dict(document("a")))
    process()
    assert store.get(process.load.fleet.name) is None


def test_a_fleet_makes_one_fetch(clock: Clock) -> None:
    """The second process begins with what the first left."""
    store, provider = MemoryStore(), Provider()
    first, second = Sharing(store, provider, clock), Sharing(store, provider, clock)
    first()
    clock.advance(100)
    assert second().age == pytest.approx(105)
    assert provider.asked == 1


def test_one_process_at_a_time_fetches_ahead_of_need(clock: Clock) -> None:
    """The other is put off, and finds the new record later."""
    store, provider = MemoryStore(clock=clock), Provider()
    first, second = Sharing(store, provider, clock), Sharing(store, provider, clock)
    first()
    second()
    clock.advance(250)
    assert store.lease(f"{first.load.fleet.name}:lease", 10)
    with pytest.raises(Deferred):
        first(RefreshReason.AHEAD)
    clock.advance(10)
    assert second(RefreshReason.AHEAD).age == 0
    assert first(RefreshReason.AHEAD).age == pytest.approx(5)
    assert provider.asked == 2
    clock.advance(250)
    provider.failing = "status"
    with pytest.raises(KeySourceError, match="as ordered"):
        second(RefreshReason.AHEAD)


def test_a_lease_without_end_is_not_obeyed(clock: Clock) -> None:
    """Whoever can write to the store delays a fetch by a few leases, and keeps no withdrawn key alive."""
    store, provider = MemoryStore(clock=clock), Provider()
    process = Sharing(store, provider, clock, timeout=5.0)
    process()
    clock.advance(250)
    assert store.lease(f"{process.load.fleet.name}:lease", 1e9)
    for _ in range(18):
        with pytest.raises(Deferred):
            process(RefreshReason.AHEAD)
        clock.advance(1)
    assert process(RefreshReason.AHEAD).age == 0
    assert provider.asked == 2


def test_a_lease_is_not_obeyed_past_the_lifespan(clock: Clock) -> None:
    """With a long timeout a few leases would last longer than keys may be used while the provider answers."""
    store, provider = MemoryStore(clock=clock), Provider()
    process = Sharing(store, provider, clock, timeout=30.0)
    process()
    process.held = replace(process.held, life=Life(0.0, clock.now + 300, inf))
    assert store.lease(f"{process.load.fleet.name}:lease", 1e9)
    clock.advance(299)
    with pytest.raises(Deferred):
        process(RefreshReason.AHEAD)
    clock.advance(1)
    assert process(RefreshReason.AHEAD).age == 0
    assert provider.asked == 2


def test_a_late_answer_does_not_reach_the_store(clock: Clock) -> None:
    """The refresh was given up, and another may have left a newer one."""
    store = MemoryStore()
    process = Sharing(store, Provider(), clock)
    process.deadline = clock.now - 1
    process()
    assert store.get(process.load.fleet.name) is None


def test_where_keys_are_needed_nobody_is_waited_for(clock: Clock) -> None:
    """A lease delays only what can wait."""
    store, provider = MemoryStore(), Provider()
    process = Sharing(store, provider, clock)
    assert store.lease(f"{process.load.fleet.name}:lease", 60)
    assert process(RefreshReason.SCHEDULED).age == 0


def test_an_unknown_kid_looks_in_the_store_first(clock: Clock) -> None:
    """Another process has fetched the rotated set; the same set again is no news."""
    store, provider = MemoryStore(), Provider()
    first, second = Sharing(store, provider, clock), Sharing(store, provider, clock)
    first()
    second()
    clock.advance(20)
    second(RefreshReason.UNKNOWN_KID)
    assert provider.asked == 2
    clock.advance(20)
    provider.kids.add("b")
    second(RefreshReason.EXPLICIT)
    assert first(RefreshReason.UNKNOWN_KID).keys.kids() == {"a", "b"}
    assert provider.asked == 3
    clock.advance(20)
    first(RefreshReason.UNKNOWN_KID)
    assert provider.asked == 4


def test_a_newer_set_without_the_kid_is_no_answer(clock: Clock) -> None:
    """Two rotations: what another process found after the first does not hide the second."""
    store, provider = MemoryStore(), Provider()
    first, second = Sharing(store, provider, clock), Sharing(store, provider, clock)
    first()
    clock.advance(20)
    provider.kids = {"a", "b"}
    second(RefreshReason.EXPLICIT)
    held = first.held
    adopted = first.load(LoadRequest(RefreshReason.UNKNOWN_KID, held, inf, "b"))
    assert (adopted.keys.kids(), provider.asked) == ({"a", "b"}, 2)
    provider.kids = {"b", "c"}
    assert first.load(LoadRequest(RefreshReason.UNKNOWN_KID, held, inf, "c")).keys.kids() == {"b", "c"}
    assert provider.asked == 3


@pytest.mark.parametrize("reason", [RefreshReason.UNKNOWN_KID, RefreshReason.SCHEDULED])
def test_the_same_set_again_is_no_answer_to_an_unknown_kid(clock: Clock, reason: RefreshReason) -> None:
    """However new the record is, the provider is asked; for a renewal ahead of need it will do."""
    store, provider = MemoryStore(), Provider()
    first, second = Sharing(store, provider, clock), Sharing(store, provider, clock)
    first()
    clock.advance(20)
    second(RefreshReason.EXPLICIT)
    assert first(reason).age == 0
    clock.advance(20)
    second(RefreshReason.EXPLICIT)
    assert first(RefreshReason.AHEAD).age > 0
    assert provider.asked == 4


def met_at_once(clock: Clock, **rules: float) -> tuple[Sharing, Sharing]:
    """Two processes that hold the keys, and of which the first has begun to look for a new one, "b"."""
    store, provider = MemoryStore(clock=clock), Provider()
    first, second = Sharing(store, provider, clock, **rules), Sharing(store, provider, clock, **rules)
    first()
    second()
    clock.advance(20)
    provider.kids.add("b")
    assert first.load.fleet.lease("search", 0.5)
    return first, second


@pytest.mark.parametrize("reason", [RefreshReason.UNKNOWN_KID, RefreshReason.SCHEDULED])
def test_of_a_fleet_that_meets_a_new_kid_at_once_one_process_fetches(
    clock: Clock, reason: RefreshReason
) -> None:
    """The others see a moment later that it has."""
    first, second = met_at_once(clock)
    nap = second.nap

    def fetched_meanwhile(seconds: float) -> None:
        nap(seconds)
        if len(second.naps) == 3:
            first(RefreshReason.UNKNOWN_KID, "b")

    second.nap = fetched_meanwhile  # type: ignore[method-assign]
    assert second(reason, "b").keys.kids() == {"a", "b"}
    assert (second.provider.asked, len(second.naps)) == (2, 3)
    assert first.naps == []


@pytest.mark.parametrize(
    ("rules", "patience"), [({}, 0.5), ({"wait": 1.0}, 0.25), ({"timeout": 0.4, "wait": 9.0}, 0.1)]
)
def test_a_search_by_another_is_not_waited_for_long(
    clock: Clock, rules: dict[str, float], patience: float
) -> None:
    """Where it brings nothing in ten looks each fetches for itself, and leaves room for that."""
    _, second = met_at_once(clock, **rules)
    assert second(RefreshReason.UNKNOWN_KID, "b").keys.kids() == {"a", "b"}
    assert (len(second.naps), second.provider.asked) == (10, 2)
    assert sum(second.naps) == pytest.approx(patience)


def test_a_slow_store_is_not_asked_ten_times(clock: Clock) -> None:
    """Its own time counts."""
    _, second = met_at_once(clock)
    store = second.load.fleet._store
    get = store.get

    def slowly(name: str) -> bytes | None:
        clock.advance(0.2)
        return get(name)

    store.get = slowly  # type: ignore[method-assign]
    second(RefreshReason.UNKNOWN_KID, "b")
    assert len(second.naps) == 2


def test_a_clock_that_stands_still_holds_up_no_search(clock: Clock) -> None:
    """The looks are counted."""
    _, second = met_at_once(clock)
    second.nap = second.naps.append  # type: ignore[method-assign]
    assert second(RefreshReason.UNKNOWN_KID, "b").keys.kids() == {"a", "b"}
    assert len(second.naps) == 10


def test_the_search_of_this_process_is_not_waited_for(clock: Clock) -> None:
    """A made-up kid a moment ago does not delay a new one."""
    first, _ = met_at_once(clock)
    first(RefreshReason.UNKNOWN_KID, "made-up")
    clock.advance(0.1)
    assert first(RefreshReason.UNKNOWN_KID, "b").keys.kids() == {"a", "b"}
    assert first.naps == []


@pytest.mark.parametrize(
    ("reason", "held_for", "hard"),
    [
        (RefreshReason.UNKNOWN_KID, 20, 10),
        (RefreshReason.UNKNOWN_KID, 4, inf),
        (RefreshReason.EXPLICIT, 20, inf),
    ],
    ids=["known keys wait too", "a record can't be newer", "the program asked"],
)
def test_a_search_is_not_waited_for_where(
    clock: Clock, reason: RefreshReason, held_for: float, hard: float
) -> None:
    """Each fetches for itself at once."""
    _, second = met_at_once(clock)
    life = Life(0.0, clock.now - 20 + hard, inf)
    second.held = replace(second.held, life=life, fetched_at=clock.now - held_for)
    assert second(reason, "b").keys.kids() == {"a", "b"}
    assert second.naps == []


def test_a_process_starts_with_the_last_good_keys(clock: Clock) -> None:
    """Before it has asked the provider, even with keys past their lifespan, but never with ones past all use."""
    store, provider = MemoryStore(), Provider()
    Sharing(store, provider, clock)()
    clock.advance(1000)
    found = Sharing(store, provider, clock)()
    assert (found.keys.kids(), found.due, provider.asked) == ({"a"}, RefreshReason.AHEAD, 1)
    assert found.age == pytest.approx(1005)
    assert Sharing(store, provider, clock)(kid="b").due is RefreshReason.SCHEDULED
    provider.failing = "timeout"
    clock.advance(3000)
    with pytest.raises(KeySourceError):
        Sharing(store, provider, clock)()


def process_of(store: MemoryStore, provider: Provider, clock: Clock, **rules: float) -> Bench:
    """A whole source of a fleet."""
    bench = source_of(provider, **rules)
    bench.clock = bench.source.clock = bench.source.refresher.clock = bench.source.refresher.wall = clock
    bench.source.refresher.load = Sharing(store, provider, clock, **rules).load
    return bench


def test_a_cold_start_beside_a_good_store_serves_at_once(clock: Clock) -> None:
    """While the provider hangs, no known key waits; a kid that the record lacks waits for the fetch behind."""
    store, provider = MemoryStore(clock=clock), Provider()
    Sharing(store, provider, clock)()
    clock.advance(1000)
    bench = process_of(store, provider, clock, wait=60.0)
    bench.threads.held = True
    waits: list[float] = []

    def wait(refresh: Refresh, seconds: float) -> None:
        waits.append(seconds)
        bench.threads.run()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Refresh, "wait", wait)
        assert bench.source.resolve("a", "EdDSA")
        assert len(waits) == 1, "for the store"
        behind = bench.source.refresher.current
        assert behind is not None
        assert (behind.behind, provider.asked) == (True, 1)
        for _ in range(10):
            assert bench.source.resolve("a", "EdDSA")
        assert (len(waits), bench.source.health().state) == (1, "stale")
        provider.kids.add("b")
        assert bench.source.resolve("b", "EdDSA")
    assert (len(waits), provider.asked, bench.source.health().state) == (2, 2, "fresh")


def test_a_kid_that_is_not_in_the_record_is_looked_for_at_the_provider(clock: Clock) -> None:
    """A cold start with it: the record comes first, and the fetch behind is awaited; no lease puts that off."""
    store, provider = MemoryStore(clock=clock), Provider()
    Sharing(store, provider, clock)()
    clock.advance(1000)
    provider.kids = {"a", "b"}
    bench = process_of(store, provider, clock, wait=60.0)
    assert store.lease(f"{Sharing(store, provider, clock).load.fleet.name}:lease", 60)
    assert bench.source.resolve("b", "EdDSA")
    assert (provider.asked, bench.source.health().state) == (2, "fresh")


def test_a_source_that_starts_in_an_outage_is_stale_and_failing(clock: Clock) -> None:
    """It serves the stored key at once, and backs off."""
    store, provider = MemoryStore(), Provider()
    Sharing(store, provider, clock)()
    provider.failing = "timeout"
    clock.advance(1000)
    bench = process_of(store, provider, clock)
    assert bench.source.resolve("a", "EdDSA")
    assert bench.seek("a")
    health = bench.source.health()
    assert (health.state, health.last_error, health.failures) == ("stale", "timeout", 1)


# outages


def outage_of(store: MemoryStore, clock: Clock, provider: Provider) -> tuple[Sharing, Sharing]:
    """Two processes with keys in hand, of which the first has just met a failure."""
    first, second = Sharing(store, provider, clock, timeout=5.0), Sharing(store, provider, clock, timeout=5.0)
    first()
    second()
    clock.advance(300)
    for process in (first, second):
        process.held = replace(process.held, life=Life(0.0, clock.now, inf))
    provider.failing = "tls"
    with pytest.raises(SharedFailure) as caught:
        first(RefreshReason.AHEAD)
    assert (caught.value.failures, caught.value.seconds, caught.value.told) == (1, 1.0, False)
    return first, second


def test_the_next_attempt_after_a_failure_is_one_for_all(clock: Clock) -> None:
    """The others are told of it, go on with their keys, and one of them makes the next."""
    store, provider = MemoryStore(clock=clock), Provider()
    first, second = outage_of(store, clock, provider)
    asked = provider.asked
    with pytest.raises(SharedFailure) as caught:
        second(RefreshReason.AHEAD)
    told = caught.value
    assert (told.kind, told.failures, told.seconds, told.told) == ("tls", 1, 1.0, True)
    clock.advance(6)  # the lease of the first one's attempt
    with pytest.raises(SharedFailure) as caught:
        second(RefreshReason.AHEAD)
    assert (caught.value.failures, caught.value.seconds, caught.value.told) == (2, 2.0, False)
    clock.advance(2.1)
    with pytest.raises(Deferred):  # the second one may be at it again
        first(RefreshReason.AHEAD)
    assert provider.asked == asked + 1


def test_an_outage_ends_for_all_with_one_answer(clock: Clock) -> None:
    """The record says that the note is over, and its failures do not count for the next outage."""
    store, provider = MemoryStore(clock=clock), Provider()
    first, second = outage_of(store, clock, provider)
    provider.failing = None
    clock.advance(6)
    assert second(RefreshReason.AHEAD).age == 0
    clock.advance(6)
    assert first(RefreshReason.AHEAD).age == pytest.approx(11)
    provider.failing = "tls"
    clock.advance(300)
    with pytest.raises(SharedFailure) as caught:
        first(RefreshReason.AHEAD)
    assert caught.value.failures == 1


@pytest.mark.parametrize("reason", [RefreshReason.UNKNOWN_KID, RefreshReason.SCHEDULED])
def test_who_seeks_a_new_kid_meets_the_failure_himself(clock: Clock, reason: RefreshReason) -> None:
    """Others' word counts from then on: a note alone does not keep a new key from being found."""
    store, provider = MemoryStore(clock=clock), Provider()
    _, second = outage_of(store, clock, provider)
    clock.advance(0.5)
    with pytest.raises(SharedFailure) as caught:
        second(reason, "b")
    assert (caught.value.failures, caught.value.told) == (2, False)
    with pytest.raises(SharedFailure) as caught:
        second(reason, "b")
    assert caught.value.told


def test_where_there_are_no_keys_each_process_asks_for_itself(clock: Clock) -> None:
    """Nobody is served meanwhile, so its own backoff is all that it waits for."""
    store, provider = MemoryStore(clock=clock), Provider()
    outage_of(store, clock, provider)
    clock.advance(5000)
    third = Sharing(store, provider, clock, timeout=5.0)
    for _ in range(2):
        with pytest.raises(SharedFailure) as caught:
            third()
        assert not caught.value.told


def test_a_program_that_asks_is_not_put_off(clock: Clock) -> None:
    """``refresh=True`` goes to the provider, whatever others have met."""
    store, provider = MemoryStore(clock=clock), Provider()
    _, second = outage_of(store, clock, provider)
    provider.failing = None
    assert second(RefreshReason.EXPLICIT).age == 0


@pytest.mark.parametrize(
    "change",
    [
        {"failed_at": 1e12},
        {"failed_at": -1e12},
        {"delay": 1e9},
        {"delay": -1.0},
        {"delay": float("nan")},
        {"failures": 0},
        {"failures": 10**9},
        {"failures": True},
        {"kind": "x" * 1000},
        {"kind": "an\x1bescape"},
        {"name": "another's"},
    ],
    ids=str,
)
def test_a_poisoned_note_is_none(clock: Clock, change: dict[str, Any]) -> None:
    """Of a time to come, of an age ago, of hours of delay, of another fleet: the provider is asked."""
    store, provider = MemoryStore(clock=clock), Provider()
    _, second = outage_of(store, clock, provider)
    name = f"{second.load.fleet.name}:outage"
    note = {"name": name, "failed_at": clock.now, "failures": 1, "delay": 300.0, "kind": "tls", **change}
    store.put(name, json.dumps(list(note.values())).encode(), 60)
    provider.failing = None
    clock.advance(6)
    assert second(RefreshReason.AHEAD).age == 0


@pytest.mark.parametrize("junk", [b"", b"junk", b"{}", b"[1]", b"[" * 900, b"x" * 10**6])
def test_junk_in_place_of_a_note_is_none(clock: Clock, junk: bytes) -> None:
    """It is reported, and the provider is asked."""
    store, provider = MemoryStore(clock=clock), Provider()
    _, second = outage_of(store, clock, provider)
    store.put(f"{second.load.fleet.name}:outage", junk, 60)
    provider.failing = None
    clock.advance(6)
    assert second(RefreshReason.AHEAD).age == 0
    assert second.reported == ["junk"]


def test_notes_without_end_are_not_obeyed(clock: Clock) -> None:
    """Whoever can write to the store puts off a fetch for a while, and for twenty-three minutes at most."""
    store, provider = MemoryStore(clock=clock), Provider()
    _, second = outage_of(store, clock, provider)
    provider.failing = None
    name, began = f"{second.load.fleet.name}:outage", clock.now
    for _ in range(200):
        forged = [name, float(clock.now), 9, 60.0, "tls"]
        store.put(name, json.dumps(forged).encode(), 60)
        clock.advance(10)
        with suppress(SharedFailure):
            second(RefreshReason.AHEAD)
            break
    assert 900 < clock.now - began < 1400


def test_a_fetch_that_overran_tells_nobody_of_a_failure(clock: Clock) -> None:
    """The process may have stood still: that says nothing of the provider."""
    store, provider = MemoryStore(clock=clock), Provider()
    process = Sharing(store, provider, clock, timeout=5.0)
    process()
    provider.failing = "timeout"
    process.deadline = clock.now - 1
    with pytest.raises(KeySourceError, match="as ordered") as caught:
        process(RefreshReason.EXPLICIT)
    assert not isinstance(caught.value, SharedFailure)
    assert store.get(f"{process.load.fleet.name}:outage") is None


def test_a_withdrawn_key_leaves_the_store_with_the_next_answer(clock: Clock) -> None:
    """Even when it was the last one."""
    store, provider = MemoryStore(), Provider({"a", "b"}, accept_empty=True)
    process = Sharing(store, provider, clock)
    process()
    provider.kids = {"b"}
    process(RefreshReason.EXPLICIT)
    assert Sharing(store, provider, clock)().keys.kids() == {"b"}
    provider.kids = set()
    process(RefreshReason.EXPLICIT)
    asked = provider.asked
    assert Sharing(store, provider, clock)().keys.kids() == set()
    assert provider.asked == asked + 1


@pytest.mark.parametrize("lie", [60.0, 1e9])
def test_a_record_from_the_future_is_as_if_absent(clock: Clock, lie: float) -> None:
    """It would live longer than any key may."""
    store, provider = MemoryStore(), Provider()
    Sharing(store, provider, clock)()
    clock.advance(-lie)
    Sharing(store, provider, clock)()
    assert provider.asked == 2


def test_junk_is_reported_and_overwritten(clock: Clock) -> None:
    """And costs nothing else."""
    store, provider = MemoryStore(), Provider()
    process = Sharing(store, provider, clock)
    store.put(process.load.fleet.name, b"junk", 60)
    process()
    assert process.reported == ["junk"]
    assert Sharing(store, provider, clock)().age > 0


def test_a_record_of_another_name_is_junk(clock: Clock) -> None:
    """As one file renamed to another's name: it would be the keys of another issuer."""
    store, provider = MemoryStore(), Provider()
    process = Sharing(store, provider, clock)
    elsewhere = Sharing(store, Provider({"b"}), clock)
    elsewhere.load.fleet.name = "elsewhere"
    elsewhere()
    store.put(process.load.fleet.name, store.get("elsewhere") or b"", 60)
    assert process().keys.kids() == {"a"}
    assert process.reported == ["junk"]


def test_a_wrong_seal_is_reported_and_replaced(clock: Clock) -> None:
    """Another secret's record gives no keys, and does not switch the store off."""
    store, provider = MemoryStore(), Provider()
    Sharing(SealedStore(store, "the secret of someone else"), provider, clock)()
    process = Sharing(SealedStore(store, SECRET), provider, clock)
    assert process().age == 0
    assert process.reported == ["seal"]
    assert Sharing(SealedStore(store, SECRET), provider, clock)().age > 0
    assert provider.asked == 2


class Failing:
    """A store that is down."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.calls = 0

    def get(self, name: str) -> bytes | None:
        """Fail."""
        self.calls += 1
        raise self.error

    def put(self, name: str, value: bytes, ttl: float) -> None:
        """Fail."""
        raise AssertionError("a store that failed a moment ago is left alone")

    def lease(self, name: str, ttl: float) -> bool:
        """Fail."""
        raise AssertionError("a store that failed a moment ago is left alone")


@pytest.mark.parametrize(("error", "kind"), [(OSError(), "failed"), (TimeoutError(), "timeout")])
def test_a_store_that_is_down_is_as_if_absent(clock: Clock, error: Exception, kind: str) -> None:
    """Reported once, and left alone for a while."""
    store, provider = Failing(error), Provider()
    process = Sharing(store, provider, clock)
    for reason in (RefreshReason.SCHEDULED, RefreshReason.AHEAD):
        assert process(reason).age == 0
    assert (process.reported, store.calls) == ([kind], 1)
    clock.advance(6)
    store.put = lambda name, value, ttl: None  # type: ignore[method-assign]
    process()
    assert store.calls == 2


def test_a_slow_store_is_waited_for_a_quarter_of_a_second(clock: Clock) -> None:
    """And after two calls that hang none is made until one has ended."""
    process = Sharing(MemoryStore(), Provider(), clock)
    held = process.held_calls = []

    def thrice() -> None:
        for _ in range(3):
            process()
            clock.advance(6)

    soon(thrice, at_least=0.4)
    assert process.reported == ["timeout", "timeout"]
    for run in held:
        run()
    process.held_calls = None
    process()
    assert process.reported == ["timeout", "timeout"]
