"""Fetches of one source: at most one in the air, each landing once, whatever its load does."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from jwks_auth.errors import KeySourceError
from jwks_auth.keys.events import KeyEvent
from jwks_auth.keys.flight import Flight
from jwks_auth.keys.flights import Flights, _after_fork_in_child
from jwks_auth.keys.freshness import Errand, Move, Patience
from jwks_auth.keys.ledger import Ledger
from jwks_auth.keys.snapshot import NOTHING, Deferred, Loaded, Order
from tests.key_fakes import Clock, HeldThreads, Provider, rules_of


@dataclass
class Airport:
    """Flights with everything around them in the test's hands."""

    load: Callable[[Order], Loaded] = field(default_factory=Provider)
    clock: Clock = field(default_factory=Clock)
    threads: HeldThreads = field(default_factory=HeldThreads)
    events: list[KeyEvent] = field(default_factory=list)
    books: Ledger = field(
        default_factory=lambda: Ledger(rules_of(), "https://issuer.example/keys", keeps_set=True)
    )

    def __post_init__(self) -> None:
        self.flights = Flights(
            lambda order: self.load(order),
            self.books,
            self._heard,
            timeout=5.0,
            clock=self.clock,
            wall=self.clock,
            rng=lambda: 0.5,
            spawn=lambda run: self.threads(run),
        )

    def _heard(self, event: KeyEvent | None) -> None:
        assert not self.flights._lock.locked()
        self.events += [] if event is None else [event]

    def start(self, errand: Errand = Errand.SCHEDULED, kid: str | None = None) -> Flight:
        """Start a flight, or find the one in the air."""

        def decide(flight: Flight | None) -> Move:
            return Move(errand if flight is None else None, Patience.FULL)

        flight, _ = self.flights.start(decide, self.clock(), kid=kid)
        assert flight is not None
        return flight

    def hang(self) -> Callable[[], None]:
        """Start a flight that hangs past its deadline; what is returned lets it end."""
        self.threads.held = True
        self.start()
        self.clock.advance(6.1)
        return self.threads.waiting.pop()


@pytest.fixture
def airport() -> Airport:
    """One with a provider that answers."""
    return Airport()


def test_one_flight_serves_all_who_ask_meanwhile(airport: Airport) -> None:
    """And when it has landed, the next one is another."""
    airport.threads.held = True
    first = airport.start()
    assert airport.start() is airport.start() is first
    assert len(airport.threads.waiting) == 1
    airport.threads.run()
    assert first.outcome.result() is None
    assert airport.flights.current is None
    assert airport.start() is not first


def test_a_flight_is_decided_on_under_the_lock(airport: Airport) -> None:
    """Two who find nothing in the air can't both start one; and who decides on nothing starts none."""
    asked: list[bool] = []

    def decide(flight: Flight | None) -> None:
        asked.append(flight is None and airport.flights._lock.locked())

    assert airport.flights.start(decide, airport.clock()) == (None, None)
    assert asked == [True]
    assert airport.events == []


def test_the_lock_is_not_held_while_loading(airport: Airport) -> None:
    """Nor while a thread is started: both take their time."""
    held: list[bool] = []

    def load(order: Order) -> Loaded:
        held.append(airport.flights._lock.locked())
        return Provider()(order)

    def spawn(run: Callable[[], None]) -> None:
        held.append(airport.flights._lock.locked())
        run()

    airport.load, airport.threads = load, spawn
    airport.start()
    assert held == [False, False]


def test_a_load_is_told_what_it_is_for(airport: Airport) -> None:
    """Why, knowing what, until when, and for which kid."""
    provider = airport.load = Provider()
    airport.start()
    airport.start(Errand.UNKNOWN_KID, "b")
    deadline = airport.clock.now + 5.0
    first, second = provider.orders
    assert first == Order(Errand.SCHEDULED, NOTHING, deadline)
    assert (second.errand, second.deadline, second.kid) == (Errand.UNKNOWN_KID, deadline, "b")
    assert second.held.keys.kids() == {"a"}


@pytest.mark.parametrize(
    ("errand", "budget"),
    [(Errand.AHEAD, 2), (Errand.SCHEDULED, 2), (Errand.EXPLICIT, 2), (Errand.UNKNOWN_KID, 1)],
)
def test_only_a_search_is_paid_for(airport: Airport, errand: Errand, budget: int) -> None:
    """When it starts, so that a slow one is not paid for late."""
    airport.threads.held = True
    airport.start(errand)
    assert airport.books.affords(airport.clock()) == budget


def test_a_landing_is_told_in_order(airport: Airport) -> None:
    """Whoever waited finds the keys in the books."""
    airport.start(Errand.EXPLICIT)
    started, ok = airport.events
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
def test_whatever_a_load_raises_has_a_kind(airport: Airport, raised: Exception, kind: str) -> None:
    """An overriding ``fetch_data`` may raise anything; it is the error or its cause."""

    def load(order: Order) -> Loaded:
        raise raised

    airport.load = load
    error = airport.start().outcome.result()
    assert error is not None
    assert error.kind == kind
    assert raised in (error, error.__cause__)
    assert airport.events[-1].kind == kind


def test_a_dying_flight_still_lands(airport: Airport) -> None:
    """Even what is no Exception leaves nobody waiting."""

    def load(order: Order) -> Loaded:
        raise SystemExit

    airport.load, airport.threads.held = load, True
    flight = airport.start()
    with pytest.raises(SystemExit):
        airport.threads.run()
    error = flight.outcome.result()
    assert error is not None
    assert error.kind == "crash"


def test_no_thread_is_a_failure_like_any(airport: Airport) -> None:
    """At interpreter exit, or with too many threads."""

    def spawn(run: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    airport.threads = spawn
    error = airport.start().outcome.result()
    assert error is not None
    assert error.kind == "thread"
    assert airport.books.health(airport.clock()).failures == 1


def test_a_put_off_flight_is_no_failure(airport: Airport) -> None:
    """Who waited for it is told to look again."""

    def load(order: Order) -> Loaded:
        raise Deferred

    airport.load = load
    assert isinstance(airport.start().outcome.result(), Deferred)
    assert [event.name for event in airport.events] == ["refresh_started"]


def test_old_keys_from_a_store_come_with_their_failure(airport: Airport) -> None:
    """The provider did not answer: the keys are held, and backoff begins."""
    provider = Provider()

    def load(order: Order) -> Loaded:
        found = provider(order)
        failure = KeySourceError(kind="status")
        return Loaded(document=found.document, keys=found.keys, age=400.0, failure=failure)

    airport.load = load
    assert airport.start().outcome.result() is None
    health = airport.books.health(airport.clock())
    assert (health.keys, health.state, health.failures, health.last_error) == (1, "stale", 1, "status")


def test_keys_fetched_elsewhere_are_taken(airport: Airport) -> None:
    """``fetch_data`` called by a program; ``None`` drops the keys."""
    order = Order(Errand.EXPLICIT, airport.books.snapshot, 0.0)
    airport.flights.publish(airport.load(order))
    assert airport.books.snapshot.keys.kids() == {"a"}
    airport.flights.publish(None)
    assert airport.books.snapshot.keys.kids() == set()
    assert [event.name for event in airport.events] == ["refresh_ok"]


# flights that hang


def test_a_flight_past_its_deadline_and_a_second_is_given_up(airport: Airport) -> None:
    """Whoever waits for it is told; the next one starts; what it brings late is worth nothing."""
    airport.threads.held = True
    flight = airport.start()
    airport.clock.advance(5.9)
    assert not airport.flights.overdue(airport.clock())
    assert airport.start() is flight
    airport.clock.advance(0.2)
    assert airport.flights.overdue(airport.clock())
    late = airport.threads.waiting.pop()
    assert airport.start() is not flight
    error = flight.outcome.result()
    assert error is not None
    assert error.kind == "timeout"
    late()
    assert airport.books.snapshot.keys.kids() == set()
    assert airport.flights.current is not None


def test_two_hanging_flights_are_enough(airport: Airport) -> None:
    """Another may start when one of them has ended."""
    first = airport.hang()
    airport.hang()
    assert airport.flights.may_start()
    airport.hang()
    assert not airport.flights.may_start()
    first()
    assert airport.flights.may_start()


# processes


def test_a_forked_child_has_no_flight(airport: Airport) -> None:
    """No other thread lives on in it, and the lock may have been held: both are made anew."""
    airport.start()
    airport.threads.held = True
    flight = airport.start()
    with airport.flights._lock:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking while threads run
            child = os.fork()
        if child == 0:
            starts = airport.flights.current is None and airport.start() is not flight
            os._exit(0 if starts and airport.books.snapshot.keys.kids() == {"a"} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert airport.start() is flight


def test_what_is_forgotten_in_a_forked_child(airport: Airport) -> None:
    """The same in one process, where it can be looked at: hanging flights do not count either."""
    late = airport.hang()
    airport.hang()
    airport.hang()
    _after_fork_in_child()
    assert airport.flights.may_start()
    assert airport.flights.current is None
    late()
    assert airport.books.snapshot.keys.kids() == set()
