"""Refreshes of one source: at most one in progress, each ending once, whatever its load does."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from math import inf
from typing import Any

import pytest

from jwks_auth.errors import KeySourceError
from jwks_auth.keys.events import KeyEvent
from jwks_auth.keys.failures import Deferred
from jwks_auth.keys.freshness import RefreshReason, WaitPolicy
from jwks_auth.keys.refresher import Refresh, Refresher, _after_fork_in_child
from jwks_auth.keys.state import NOTHING, CacheState, FetchResult, LoadRequest
from tests.key_fakes import Clock, HeldThreads, Provider, rules_of


@dataclass
class Fetches:
    """A refresher with everything around it in the test's hands."""

    load: Callable[[LoadRequest], FetchResult] = field(default_factory=Provider)
    clock: Clock = field(default_factory=Clock)
    threads: HeldThreads = field(default_factory=HeldThreads)
    events: list[KeyEvent] = field(default_factory=list)
    cache: CacheState = field(
        default_factory=lambda: CacheState(rules_of(), "https://issuer.example/keys", keeps_set=True)
    )

    def __post_init__(self) -> None:
        self.watch = self.threads.watch
        self.refresher = Refresher(
            lambda request: self.load(request),
            self.cache,
            self._heard,
            timeout=5.0,
            clock=self.clock,
            wall=self.clock,
            rng=lambda: 0.5,
            spawn=lambda run: self.threads(run),
            watch=lambda work, alarm: self.watch(work, alarm),
        )

    def _heard(self, event: KeyEvent | None) -> None:
        assert not self.refresher._lock.locked()
        self.events += [] if event is None else [event]

    def start(self, reason: RefreshReason = RefreshReason.SCHEDULED, kid: str | None = None) -> Refresh:
        """Start a refresh, or find the one in progress."""
        now = self.clock()
        self.refresher.drop_lost(now)
        if self.refresher.current is not None:
            return self.refresher.current
        refresh = self.refresher.start(reason, now, version=self.refresher.version, kid=kid)
        assert refresh is not None
        return refresh

    def hang(self) -> Callable[[], None]:
        """Start a refresh that hangs past its deadline; what is returned lets it end."""
        self.threads.held = True
        self.start()
        self.clock.advance(6.1)
        return self.threads.waiting.pop()


@pytest.fixture
def bench() -> Fetches:
    """One with a provider that answers."""
    return Fetches()


def test_one_refresh_serves_all_who_ask_meanwhile(bench: Fetches) -> None:
    """A refresh that starts after the end of one is another."""
    bench.threads.held = True
    first = bench.start()
    assert bench.start() is bench.start() is first
    assert len(bench.threads.waiting) == 1
    bench.threads.run()
    assert first.outcome.result() is None
    assert bench.refresher.current is None
    assert bench.start() is not first


def test_what_was_decided_before_a_change_starts_nothing(bench: Fetches) -> None:
    """Two who find nothing in progress can't both start a refresh; who comes too late decides again."""
    bench.threads.held = True
    version, now = bench.refresher.version, bench.clock()
    assert bench.refresher.start(RefreshReason.AHEAD, now, version=version) is bench.refresher.current
    assert bench.refresher.start(RefreshReason.AHEAD, now, version=version) is None
    assert bench.refresher.start(RefreshReason.AHEAD, now, version=bench.refresher.version) is None
    bench.threads.run()
    version = bench.refresher.version
    bench.refresher.publish(None)
    assert bench.refresher.start(RefreshReason.AHEAD, now, version=version) is None
    assert bench.threads.waiting == []


def test_the_lock_is_not_held_while_loading(bench: Fetches) -> None:
    """Nor while a thread is started: both take their time."""
    held: list[bool] = []

    def load(request: LoadRequest) -> FetchResult:
        held.append(bench.refresher._lock.locked())
        return Provider()(request)

    def spawn(run: Callable[[], None]) -> None:
        held.append(bench.refresher._lock.locked())
        run()

    bench.load, bench.threads = load, spawn
    bench.start()
    assert held == [False, False]


def test_a_load_is_told_what_it_is_for(bench: Fetches) -> None:
    """Why, knowing what, until when, and for which kid."""
    provider = bench.load = Provider()
    bench.start()
    bench.start(RefreshReason.UNKNOWN_KID, "b")
    deadline = bench.clock.now + 5.0
    first, second = provider.requests
    assert first == LoadRequest(RefreshReason.SCHEDULED, NOTHING, deadline)
    assert (second.reason, second.deadline, second.kid) == (RefreshReason.UNKNOWN_KID, deadline, "b")
    assert second.held.keys.kids() == {"a"}


@pytest.mark.parametrize(
    ("reason", "budget"),
    [
        (RefreshReason.AHEAD, 2),
        (RefreshReason.SCHEDULED, 2),
        (RefreshReason.EXPLICIT, 2),
        (RefreshReason.UNKNOWN_KID, 1),
    ],
)
def test_only_a_search_is_paid_for(bench: Fetches, reason: RefreshReason, budget: int) -> None:
    """When it starts, so that a slow one is not paid for late."""
    bench.threads.held = True
    bench.start(reason)
    assert bench.cache.budget.available(bench.clock()) == budget


def test_an_end_is_told_in_order(bench: Fetches) -> None:
    """Whoever waited finds the keys in the cache."""
    bench.start(RefreshReason.EXPLICIT)
    started, ok = bench.events
    assert (started.name, started.reason, ok.name, ok.added) == (
        "refresh_started",
        "explicit",
        "refresh_ok",
        ("a",),
    )


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (KeySourceError(kind="tls"), "tls"),
        (ZeroDivisionError(), "callback"),
        (RecursionError(), "callback"),
        (MemoryError(), "callback"),
    ],
)
def test_whatever_a_load_raises_has_a_kind(bench: Fetches, raised: Exception, kind: str) -> None:
    """An overriding ``fetch_data`` may raise anything; it is the error or its cause."""

    def load(request: LoadRequest) -> FetchResult:
        raise raised

    bench.load = load
    error = bench.start().outcome.result()
    assert error is not None
    assert error.kind == kind
    assert raised in (error, error.__cause__)
    assert bench.events[-1].kind == kind


def test_a_dying_refresh_still_ends(bench: Fetches) -> None:
    """Even what is no Exception leaves nobody waiting."""

    def load(request: LoadRequest) -> FetchResult:
        raise SystemExit

    bench.load, bench.threads.held = load, True
    refresh = bench.start()
    with pytest.raises(SystemExit):
        bench.threads.run()
    error = refresh.outcome.result()
    assert error is not None
    assert error.kind == "crash"


def test_no_thread_is_a_failure_like_any(bench: Fetches) -> None:
    """At interpreter exit, or with too many threads."""

    def spawn(run: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    bench.threads = spawn
    error = bench.start().outcome.result()
    assert error is not None
    assert error.kind == "thread"
    assert bench.cache.health(bench.clock()).failures == 1


def test_a_deferred_refresh_is_no_failure(bench: Fetches) -> None:
    """Who waited for it is told to look again."""

    def load(request: LoadRequest) -> FetchResult:
        raise Deferred

    bench.load = load
    assert isinstance(bench.start().outcome.result(), Deferred)
    assert [event.name for event in bench.events] == ["refresh_started"]


def test_a_refresh_follows_old_keys_from_a_store(bench: Fetches) -> None:
    """They are held at once, and whoever waited has them; the fetch goes on behind, and may fail."""
    provider = Provider()

    def load(request: LoadRequest) -> FetchResult:
        if request.held is not NOTHING:
            raise KeySourceError(kind="status")
        result = provider(request)
        return FetchResult(document=result.document, keys=result.keys, age=400.0, due=RefreshReason.AHEAD)

    bench.load = load
    bench.threads.held = True
    first = bench.start(kid="x")
    bench.threads.run()
    assert first.succeeded
    health = bench.cache.health(bench.clock())
    assert (health.keys, health.state, health.failures) == (1, "stale", 0)
    second = bench.refresher.current
    assert second is not None
    assert (second.reason, second.kid, second.behind) == (RefreshReason.AHEAD, "x", True)
    bench.threads.run()
    assert bench.cache.health(bench.clock()).last_error == "status"
    assert bench.refresher.current is None


def test_keys_fetched_elsewhere_are_taken(bench: Fetches) -> None:
    """``fetch_data`` called by a program; ``None`` drops the keys."""
    request = LoadRequest(RefreshReason.EXPLICIT, bench.cache.snapshot, 0.0)
    bench.refresher.publish(bench.load(request))
    assert bench.cache.snapshot.keys.kids() == {"a"}
    bench.refresher.publish(None)
    assert bench.cache.snapshot.keys.kids() == set()
    assert [event.name for event in bench.events] == ["refresh_ok"]


# how long to wait


@pytest.mark.parametrize(
    ("policy", "started", "until"),
    [
        (WaitPolicy.NONE, 0.0, 10.0),
        (WaitPolicy.BRIEF, 9.0, 11.0),
        (WaitPolicy.BRIEF, 11.0, 12.0),
        (WaitPolicy.FULL, 9.0, 14.0),
        (WaitPolicy.FULL, 13.0, 14.0),
        (WaitPolicy.FULL, 5.0, 12.0),
    ],
)
def test_a_lookup_waits_no_longer_for_two_refreshes_than_for_one(
    policy: WaitPolicy, started: float, until: float
) -> None:
    """It began at 10 and waits 4 s at most, whenever the refresh left; and no longer than any refresh may take."""
    assert Refresh(RefreshReason.SCHEDULED, started, 6.0).until(policy, 4.0, 10.0) == until


# refreshes that hang


def test_a_refresh_past_its_deadline_and_a_second_is_given_up(bench: Fetches) -> None:
    """Whoever waits is told; the next one starts; a good answer that comes late is taken, as old as it may be."""
    bench.threads.held = True
    refresh = bench.start()
    bench.clock.advance(5.9)
    assert not refresh.lost(bench.clock())
    assert bench.start() is refresh
    bench.clock.advance(0.2)
    assert refresh.lost(bench.clock())
    late = bench.threads.waiting.pop()
    assert bench.start() is not refresh
    error = refresh.outcome.result()
    assert error is not None
    assert error.kind == "timeout"
    late()
    assert bench.cache.snapshot.keys.kids() == {"a"}
    assert bench.cache.health(bench.clock()).age == pytest.approx(6.1)
    assert bench.refresher.current is not None


def test_two_hanging_refreshes_are_enough(bench: Fetches) -> None:
    """Another may start when one of them has ended."""
    first = bench.hang()
    bench.hang()
    assert bench.refresher.may_start()
    bench.hang()
    assert not bench.refresher.may_start()
    first()
    assert bench.refresher.may_start()


# standstills


def test_a_refresh_that_was_cut_off_is_dropped_without_being_a_failure(bench: Fetches) -> None:
    """Whoever waits for it is told to look again; the next one starts at once, and what it cost comes back."""
    bench.threads.held = True
    refresh = bench.start(RefreshReason.UNKNOWN_KID, "b")
    assert bench.start() is refresh
    bench.threads.freeze(refresh)
    assert bench.start() is not refresh
    assert refresh.deferred
    health = bench.cache.health(bench.clock())
    assert (health.failures, health.budget) == (0, 2)
    assert "refresh_failed" not in [event.name for event in bench.events]


def test_whoever_waits_is_told_of_a_standstill(bench: Fetches) -> None:
    """By the heartbeat, without another request: the fetch may hang for as long as it likes."""
    alarms: list[Callable[[], object]] = []

    def watch(work: Future[Any], alarm: Callable[[], object]) -> Callable[[], bool]:
        alarms.append(alarm)
        return HeldThreads.watch(bench.threads, work, alarm)

    bench.watch = watch
    bench.threads.held = True
    refresh = bench.start()
    alarms[0]()
    assert not refresh.outcome.done()
    bench.threads.freeze(refresh)
    alarms[0]()
    assert refresh.deferred
    assert bench.refresher.current is None


def test_only_one_of_two_gives_a_lost_refresh_up(bench: Fetches) -> None:
    """The other finds it given up, once it has the lock."""
    bench.threads.held = True
    refresh = bench.start()
    bench.clock.advance(10)

    def meanwhile() -> bool:
        bench.refresher.current = None
        return True

    refresh.stopped = meanwhile
    refresh.given_up_at = inf
    bench.refresher.drop_lost(bench.clock())
    assert not refresh.outcome.done()


def test_an_error_after_a_standstill_says_nothing_of_the_provider(bench: Fetches) -> None:
    """Its connection was lost while nobody could read from it."""
    bench.threads.held = True
    refresh = bench.start(RefreshReason.UNKNOWN_KID, "b")
    bench.threads.freeze(refresh)
    assert isinstance(bench.load, Provider)
    bench.load.failing = "connection"
    bench.clock.advance(600)
    bench.threads.run()
    assert refresh.deferred
    assert (bench.cache.health(bench.clock()).failures, bench.refresher.current) == (0, None)


def test_a_good_answer_after_a_standstill_is_taken_as_old_as_it_may_be(bench: Fetches) -> None:
    """It may have lain in the socket all the while."""
    bench.threads.held = True
    refresh = bench.start()
    bench.threads.freeze(refresh)
    bench.clock.advance(600)
    bench.threads.run()
    assert refresh.succeeded
    health = bench.cache.health(bench.clock())
    assert (health.state, health.age) == ("stale", 600)


# processes


def test_a_forked_child_has_no_refresh(bench: Fetches) -> None:
    """No other thread lives on in it, and the lock may have been held: both are made anew."""
    bench.start()
    bench.threads.held = True
    refresh = bench.start()
    with bench.refresher._lock:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking while threads run
            child = os.fork()
        if child == 0:
            starts = bench.refresher.current is None and bench.start() is not refresh
            os._exit(0 if starts and bench.cache.snapshot.keys.kids() == {"a"} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert bench.start() is refresh


def test_what_is_forgotten_in_a_forked_child(bench: Fetches) -> None:
    """The same in one process, where it can be looked at: hanging refreshes do not count either."""
    late = bench.hang()
    bench.hang()
    bench.hang()
    _after_fork_in_child()
    assert bench.refresher.may_start()
    assert bench.refresher.current is None
    assert bench.start() is not None
    del late
