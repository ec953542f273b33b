"""``KeySource`` with clock, chance, threads and provider in the test's hands."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from math import inf

import pytest

from jwks_auth.errors import InvalidTokenError, KeySourceError
from jwks_auth.keys.failures import Deferred
from jwks_auth.keys.freshness import Life, RefreshReason
from jwks_auth.keys.lookup import Lookup, RecentKids
from jwks_auth.keys.source import KeySource
from jwks_auth.keys.state import NOTHING, FetchResult, LoadRequest, Snapshot
from tests.key_fakes import ALG, Bench, Provider, document, source_of
from tests.patience import PATIENCE, eventually

SOFT, HARD, DEAD = 250, 301, 3901  # just past each age of a set fetched with the default rules


def warm(provider: Provider | None = None, **rules: float) -> Bench:
    """A source that holds the provider's keys."""
    bench = source_of(provider, **rules)
    bench.source.resolve("a", ALG)
    bench.events.clear()
    return bench


def unknown(bench: Bench, kid: str = "made-up") -> None:
    """Ask for a key that is not there."""
    with pytest.raises(InvalidTokenError) as caught:
        bench.source.resolve(kid, ALG)
    assert caught.value.code == "unknown_key"


def unavailable(bench: Bench, kid: str = "a") -> KeySourceError:
    """Ask for a key where there are none, or for one that nobody can tell of."""
    with pytest.raises(KeySourceError) as caught:
        bench.source.resolve(kid, ALG)
    return caught.value


# FRESH, AHEAD, STALE, EXPIRED


def test_a_cold_lookup_fetches_once() -> None:
    """The first lookup waits for the keys, the rest find them."""
    bench = source_of()
    assert bench.seek("a") is not None
    assert bench.seek("a") is bench.source.resolve("a", ALG)
    assert bench.provider.asked == 1


def test_what_is_wanted_is_looked_for_without_the_lock() -> None:
    """It may be a user's ``match_kid``, and keys that arrive meanwhile are looked at again."""
    bench = source_of()
    asked = 0

    def pick(snapshot: Snapshot) -> str | None:
        nonlocal asked
        assert not bench.source.refresher._lock.locked()
        asked += 1
        if asked == 1:  # another thread's fetch ends between the lookup and the decision
            bench.source.refresher.publish(bench.provider(LoadRequest(RefreshReason.EXPLICIT, snapshot, 0.0)))
        return "found" if "a" in snapshot.keys.kids() else None

    bench.clock.advance(1)
    bench.source.cache.snapshot = replace(NOTHING, life=Life(0.0, 0.0, inf))
    assert bench.source.lookup(Lookup(pick)).value == "found"


def test_readers_take_no_lock() -> None:
    """A key in hand is found while a refresh is in progress, and so is the state."""
    bench = warm()
    with bench.source.refresher._lock:
        assert bench.source.find("a", ALG) is bench.source.resolve("a", ALG)
        assert bench.source.health().state == "fresh"
    bench.threads.held = True
    bench.clock.advance(SOFT)
    assert bench.seek("a")
    with bench.source.refresher._lock:
        assert bench.seek("a") is bench.source.resolve("a", ALG)


def test_find_never_waits() -> None:
    """Nor does it start anything: a token may cause a fetch only once its claims were judged."""
    bench = source_of()
    assert bench.source.find("a", ALG) is None
    assert bench.provider.asked == 0
    assert bench.source.resolve("a", ALG) is bench.source.find("a", ALG)
    for seconds in (SOFT, HARD, DEAD):
        bench.clock.advance(seconds)
        assert bench.source.find("a", ALG) is None
    assert bench.provider.asked == 1


def test_a_key_due_ahead_is_served_while_one_fetch_renews_it() -> None:
    """Background renewal is nobody's wait."""
    bench = warm()
    bench.clock.advance(SOFT)
    bench.threads.held = True
    for _ in range(10):
        assert bench.seek("a") is not None
        assert bench.source.resolve("a", ALG)
    assert len(bench.threads.waiting) == 1
    bench.threads.run()
    assert bench.provider.asked == 2
    assert bench.source.health().state == "fresh"


def test_a_stale_key_waits_for_one_attempt() -> None:
    """The first lookup past the lifespan gets the renewed set."""
    bench = warm()
    bench.clock.advance(HARD)
    assert bench.seek("a") or bench.source.resolve("a", ALG)
    assert (bench.provider.asked, bench.source.health().state) == (2, "fresh")


def test_a_stale_key_is_served_at_once_after_a_failure() -> None:
    """Once an attempt has failed nobody waits, and backoff spaces the attempts."""
    bench = warm()
    bench.provider.failing = "status"
    bench.clock.advance(HARD)
    assert bench.source.resolve("a", ALG)
    asked = bench.provider.asked
    for _ in range(100):
        assert bench.seek("a")
    assert bench.provider.asked == asked
    bench.clock.advance(1.1)
    assert bench.seek("a")
    assert bench.provider.asked == asked + 1
    assert "stale_served" in bench.names()


def test_a_stale_key_whose_renewal_hangs_is_served_after_a_brief_wait() -> None:
    """The wait counts from the start of the attempt, so that later callers wait less or not at all."""
    bench = warm()
    bench.threads.held = True
    bench.clock.advance(HARD)
    assert bench.source.find("a", ALG) is None
    assert bench.source.resolve("a", ALG)
    bench.clock.advance(2)
    assert bench.seek("a")


def test_a_dead_key_is_not_served() -> None:
    """Past lifespan and stale_if_error the source fails, and fails fast until the next attempt is due."""
    bench = warm()
    bench.provider.failing = "timeout"
    bench.clock.advance(DEAD)
    error = unavailable(bench)
    assert (error.kind, error.retry_after) == ("timeout", 1.0)
    asked = bench.provider.asked
    bench.clock.advance(0.5)
    assert unavailable(bench).retry_after == 1.0
    assert bench.provider.asked == asked
    assert bench.seek("a") is None
    bench.provider.failing = None
    bench.clock.advance(1)
    assert bench.source.resolve("a", ALG)


def test_fail_closed() -> None:
    """``stale_if_error=0``: no key is used past the lifespan."""
    bench = warm(stale_if_error=0.0)
    bench.provider.failing = "timeout"
    bench.clock.advance(HARD)
    unavailable(bench)


def test_a_waiting_caller_gives_up() -> None:
    """Who waits longer than ``wait`` is told so, and the fetch goes on."""
    bench = source_of()
    bench.threads.held = True
    assert unavailable(bench).kind == "timeout"
    bench.threads.run()
    assert bench.seek("a")


def test_a_withdrawn_key_is_gone_with_the_next_answer() -> None:
    """A healthy answer without a kid ends it."""
    bench = warm(Provider({"a", "b"}))
    bench.provider.kids.remove("a")
    bench.clock.advance(SOFT)
    bench.seek("a")  # starts the renewal
    assert bench.seek("a") is None
    unknown(bench, "a")
    [event] = [event for event in bench.events if event.removed]
    assert event.removed == ("a",)


# unknown kids


def test_a_new_key_is_accepted_right_after_a_scheduled_refresh() -> None:
    """Scheduled fetches spend nothing of the budget."""
    bench = warm()
    bench.clock.advance(SOFT)
    bench.seek("a")
    bench.provider.kids.add("b")
    assert bench.source.resolve("b", ALG)
    assert bench.provider.requests[-1].reason is RefreshReason.UNKNOWN_KID


def test_made_up_kids_cannot_starve_a_rotation() -> None:
    """DISC-6: a flood spends the budget, and its fetches are the ones that bring the new key."""
    bench = warm()
    for number in range(1000):
        unknown(bench, f"made-up-{number}")
    assert bench.provider.asked == 3
    bench.provider.kids.add("b")
    bench.clock.advance(30)
    unknown(bench)
    assert bench.seek("b")
    assert [event.action for event in bench.events if event.name == "unknown_kid"].count("awaited") == 3


def test_an_unknown_kid_joins_the_fetch_in_refresh() -> None:
    """No second fetch, and no budget spent."""
    bench = warm()
    bench.clock.advance(SOFT)
    bench.threads.held = True
    bench.seek("a")
    assert unavailable(bench, "made-up").kind == "timeout"
    assert len(bench.threads.waiting) == 1
    assert bench.source.health().budget == 2


def joining(bench: Bench) -> None:
    """A renewal in progress that began before a new key was published, and ends once a lookup waits for it."""
    bench.clock.advance(SOFT)
    bench.threads.held, bench.threads.depart = True, bench.provider.as_of_now
    assert bench.seek("a")
    refresh = bench.source.refresher.current
    assert refresh is not None

    def land(seconds: float) -> None:
        bench.clock.advance(1)
        bench.threads.held = False
        bench.threads.run()

    refresh.wait = land  # type: ignore[method-assign]
    bench.provider.kids.add("b")
    bench.clock.advance(1)


def test_a_new_key_is_accepted_when_its_lookup_joins_an_older_fetch() -> None:
    """That fetch left before the key was published, so one more is made, from the budget."""
    bench = warm(wait=60.0)
    joining(bench)
    assert bench.source.resolve("b", ALG)
    assert (bench.provider.asked, bench.source.health().budget) == (3, 1)


def test_a_lookup_makes_one_fetch_however_many_it_joins() -> None:
    """A made-up kid that joined one causes one more; one that did not causes no second."""
    bench = warm(wait=60.0)
    joining(bench)
    unknown(bench)
    assert bench.provider.asked == 3
    unknown(bench, "another")
    assert bench.provider.asked == 4
    assert [event.action for event in bench.events if event.name == "unknown_kid"] == ["awaited"] * 2


def test_a_lookup_that_joined_a_fetch_needs_budget_for_another() -> None:
    """Without it the kid is refused, as always."""
    bench = warm(wait=60.0)
    unknown(bench)
    unknown(bench, "another")
    bench.source.cache.budget._tokens, bench.source.cache.budget._at = 0.0, inf
    joining(bench)
    unknown(bench, "b")
    assert bench.provider.asked == 4
    assert bench.events[-1].action == "awaited"


def test_another_processs_answer_is_not_the_last_word() -> None:
    """What a store held was fetched before the lookup came: the provider is asked."""
    bench = warm(wait=60.0)
    stored = replace(bench.source.cache.snapshot.result, age=20.0)
    answers = [stored]
    bench.source.refresher.load = lambda request: answers.pop() if answers else bench.provider(request)
    bench.provider.kids.add("b")
    bench.clock.advance(HARD)
    assert bench.source.resolve("b", ALG)
    assert answers == []


def test_a_lookup_waits_for_two_refreshes_at_most() -> None:
    """Whatever they bring."""
    bench = warm(wait=60.0)
    stored = replace(bench.source.cache.snapshot.result, age=20.0)
    bench.source.refresher.load = lambda request: stored
    bench.clock.advance(HARD)
    before = len(bench.names())
    unknown(bench, "b")
    assert bench.names()[before:] == ["refresh_started", "refresh_ok"] * 2 + ["unknown_kid"]


def test_unknown_kids_do_not_wait_while_fetches_fail() -> None:
    """After a failure they are sent away at once, as one may be good by now, and its token is refunded."""
    bench = warm()
    bench.provider.failing = "timeout"
    assert unavailable(bench, "made-up").kind == "timeout"
    assert (bench.source.health().budget, bench.source.health().failures) == (2, 1)
    bench.threads.held = True
    assert unavailable(bench, "made-up").retry_after == 1.0
    assert bench.threads.waiting == []
    bench.clock.advance(2)
    unavailable(bench, "made-up")
    assert len(bench.threads.waiting) == 1
    bench.provider.failing = None
    bench.provider.kids.add("b")
    bench.threads.run()
    assert bench.seek("b")


def test_without_a_cooldown_every_unknown_kid_asks() -> None:
    """``cooldown_duration=0``: no bucket and no backoff, as in PyJWT."""
    bench = warm(cooldown=0.0)
    for _ in range(5):
        unknown(bench)
    bench.provider.failing = "status"
    for _ in range(5):
        assert unavailable(bench, "made-up").kind == "status"
    assert bench.provider.asked == 11


def test_a_known_key_is_untouched_by_a_failed_search() -> None:
    """Failures remove nothing."""
    bench = warm()
    bench.provider.failing = "timeout"
    unavailable(bench, "made-up")
    assert bench.seek("a")
    assert bench.source.health().state == "fresh"


# explicit refreshes and sources without a set


def whole() -> Lookup[object]:
    """The whole set."""
    return Lookup(lambda snapshot: snapshot.result.document)


def test_a_refresh_asks_whatever_is_held() -> None:
    """And tells of its failure, without costing the keys."""
    bench = warm()
    assert bench.source.lookup(whole(), force=True).value == document({"a"})
    bench.provider.failing = "status"
    found = bench.source.lookup(whole(), force=True)
    assert found.value is None
    assert found.error is not None
    assert found.error.kind == "status"
    assert bench.seek("a")
    assert bench.provider.asked == 3


def test_a_source_without_a_set_loads_for_every_lookup() -> None:
    """``cache_jwk_set=False``."""
    bench = source_of(recent=RecentKids(0))
    for _ in range(3):
        assert bench.source.find("a", ALG) is None
        assert bench.source.resolve("a", ALG)
    assert bench.provider.asked == 3
    bench.provider.failing = "status"
    assert unavailable(bench).kind == "status"


def test_recent_kids_are_served_while_fresh() -> None:
    """``cache_keys`` without ``cache_jwk_set``: the kids found last, for a lifespan, and only while published."""
    bench = source_of(Provider({"a", "b"}), recent=RecentKids(1))
    assert bench.source.resolve("a", ALG)
    assert bench.seek("a")
    assert bench.provider.asked == 1
    bench.provider.kids.remove("a")
    assert bench.source.resolve("b", ALG)
    assert bench.seek("b")
    assert bench.provider.asked == 2
    assert bench.seek("a") is None
    bench.clock.advance(HARD)
    assert bench.seek("b")
    assert bench.provider.asked == 4


# refreshes


def hanging(bench: Bench) -> Callable[[], None]:
    """A refresh that hangs past its deadline; what is returned lets it end."""
    bench.threads.held = True
    bench.clock.advance(SOFT)
    bench.seek("a")
    [run] = bench.threads.waiting
    bench.threads.waiting.clear()
    return run


def test_a_refresh_past_its_deadline_is_given_up() -> None:
    """That is a failure, and another refresh takes over; a good answer that comes late is taken."""
    bench = warm()
    late = hanging(bench)
    bench.clock.advance(6.1)
    assert bench.seek("a")
    assert bench.source.health().last_error == "timeout"
    bench.provider.kids.add("late")
    late()
    assert bench.seek("late")
    assert (bench.source.health().failures, bench.source.health().age) == (0, pytest.approx(6.1))


def test_a_late_answer_never_replaces_a_newer_one() -> None:
    """A key that was withdrawn meanwhile stays so."""
    bench = warm(Provider({"a", "b"}))
    late = bench.provider.as_of_now(hanging(bench))
    bench.provider.kids.remove("b")
    bench.clock.advance(8)
    bench.threads.held = False
    assert bench.seek("a")  # gives the hanging one up
    bench.clock.advance(2)
    bench.seek("a")
    assert bench.source.key_set.kids() == {"a"}
    late()
    assert bench.source.key_set.kids() == {"a"}


def test_waiting_callers_are_told_when_their_refresh_is_given_up() -> None:
    """A waiter does not wait for a result that will not be used."""
    bench = source_of(timeout=0.0, wait=60.0)
    bench.threads.held = True
    results: list[str] = []
    waiter = threading.Thread(target=lambda: results.append(unavailable(bench).kind))
    waiter.start()
    assert eventually(lambda: bool(bench.threads.waiting))
    bench.clock.advance(2)
    bench.seek("a")
    waiter.join(PATIENCE)
    assert results == ["timeout"]


def deferring(provider: Provider) -> Callable[[LoadRequest], FetchResult]:
    """A load that leaves renewals ahead of need to another process."""

    def load(request: LoadRequest) -> FetchResult:
        if request.reason is RefreshReason.AHEAD:
            raise Deferred
        return provider(request)

    return load


def test_a_deferred_refresh_is_no_failure() -> None:
    """Another process is fetching: the key in hand is served meanwhile."""
    bench = warm()
    bench.source.refresher.load = deferring(bench.provider)
    bench.clock.advance(HARD)
    assert bench.source.resolve("a", ALG)
    assert (bench.source.health().failures, bench.provider.asked) == (0, 1)


def test_a_lookup_looks_again_after_a_deferred_refresh() -> None:
    """An unknown kid that joined it fetches for itself."""
    bench = warm(wait=60.0)
    bench.source.refresher.load = deferring(bench.provider)
    bench.provider.kids.add("b")
    bench.clock.advance(SOFT)
    bench.threads.held = True
    assert bench.seek("a")
    refresh = bench.source.refresher.current
    assert refresh is not None

    def land(seconds: float) -> None:
        bench.threads.held = False
        bench.threads.run()

    refresh.wait = land  # type: ignore[method-assign]
    assert bench.source.resolve("b", ALG)


def test_errors_do_not_grow_a_traceback() -> None:
    """Each caller gets an error of its own."""
    bench = source_of(Provider(failing="status"))
    assert unavailable(bench) is not unavailable(bench)
    assert bench.source.cache.last_error is not None
    assert bench.source.cache.last_error.__traceback__ is None


def test_a_source_never_asked_has_no_error_to_tell() -> None:
    """Two refreshes hang before any has failed: the message is the general one."""
    bench = source_of()
    bench.source.refresher._abandoned = tuple(_hung(bench.source) for _ in range(2))
    assert unavailable(bench).kind == "unavailable"


def _hung(source: KeySource) -> object:
    class Hung:
        ended = False

    return Hung()


# threads, loops, processes


async def test_the_first_waiter_may_be_cancelled() -> None:
    """The refresh is the source's: another waiter gets the keys."""
    bench = source_of(wait=60.0)
    bench.threads.held = True
    first = asyncio.ensure_future(bench.source.aresolve("a", ALG))
    second = asyncio.ensure_future(bench.source.aresolve("a", ALG))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    bench.threads.run()
    assert (await second).kid == "a"
    assert bench.provider.asked == 1


async def test_an_async_waiter_gives_up() -> None:
    """``wait`` holds on a loop as well."""
    bench = source_of()
    bench.threads.held = True
    with pytest.raises(KeySourceError) as caught:
        await bench.source.aresolve("a", ALG)
    assert caught.value.kind == "timeout"


async def test_an_async_lookup_looks_again_after_a_deferred_refresh() -> None:
    """As the sync one."""
    bench = warm()
    bench.source.refresher.load = deferring(bench.provider)
    bench.provider.kids.add("b")
    bench.source.rules = replace(bench.source.rules, wait=60.0)
    bench.clock.advance(HARD)
    bench.threads.held = True
    bench.seek("a")
    waiting = asyncio.ensure_future(bench.source.aresolve("b", ALG))
    await asyncio.sleep(0)
    bench.threads.held = False
    bench.threads.run()
    assert (await waiting).kid == "b"


def test_a_raising_callback_is_harmless(caplog: pytest.LogCaptureFixture) -> None:
    """``on_event`` is told outside the lock, and may fail."""
    bench = source_of()

    def on_event(event: object) -> None:
        assert not bench.source.refresher._lock.locked()
        raise ZeroDivisionError

    bench.source.voice._on_event = on_event
    with caplog.at_level(logging.ERROR):
        assert bench.source.resolve("a", ALG)
    assert "on_event failed" in caplog.text
