"""The fetches of one source: at most one in the air, each landing in the books once.

State changes under the lock; nothing is loaded, waited for or told while it is held.
"""

from __future__ import annotations

import os
import random
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial

from jwks_auth.errors import KeySourceError
from jwks_auth.keys.events import KeyEvent
from jwks_auth.keys.flight import Crowd, Flight
from jwks_auth.keys.freshness import Errand, Move
from jwks_auth.keys.ledger import Ledger
from jwks_auth.keys.snapshot import Loaded, Order, caused
from jwks_auth.runtime import elapsed, in_background

__all__ = ["Flights"]

_MOST_ABANDONED = 2
"""Flights that hang past their deadline before no further one is started."""


class Flights:
    """Starts and lands flights of *timeout* seconds, each of them one call of *load*.

    What they bring goes into *books*, what happens is told to *tell*.
    """

    def __init__(
        self,
        load: Callable[[Order], Loaded],
        books: Ledger,
        tell: Callable[[KeyEvent | None], None],
        *,
        timeout: float,
        clock: Callable[[], float] = elapsed,
        wall: Callable[[], float] = time.time,
        rng: Callable[[], float] = random.random,
        spawn: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        self.current: Flight | None = None
        """The flight in the air. May be read without the lock."""
        self.crowd = Crowd()
        self.load, self.books, self.clock, self.wall = load, books, clock, wall
        self._tell, self._timeout, self._rng, self._spawn = tell, timeout, rng, spawn
        self._abandoned: tuple[Flight, ...] = ()
        self._lock = threading.Lock()
        _all.add(self)

    def may_start(self) -> bool:
        """Return whether one more can hang without too many threads hanging."""
        return sum(not flight.ended for flight in self._abandoned) < _MOST_ABANDONED

    def overdue(self, now: float) -> bool:
        """Return whether the flight in the air should long have landed."""
        return self.current is not None and now >= self.current.lapse

    def start(
        self, decide: Callable[[Flight | None], Move | None], now: float, *, kid: str | None = None
    ) -> tuple[Flight | None, Move | None]:
        """Do what *decide* says of the flight in the air: start one, for *kid*, or let it be."""
        with self._lock:
            event = self._abandon_overdue(now)
            move = decide(self.current)
            errand = move and move.fetch
            if errand is not None:
                self.current = self._new(errand, now, kid)
            flight = self.current
        self._tell(event)
        if errand is not None and flight is not None:
            self._launch(flight)
        return flight, move

    def publish(self, loaded: Loaded | None) -> None:
        """Take keys that were fetched outside a flight; ``None`` drops those in hand."""
        event = None
        with self._lock:
            if loaded is None:
                self.books.forget()
            else:
                event = self.books.accept(loaded, self.clock(), wall=self.wall(), draw=self._rng())
        self._tell(event)

    def _new(self, errand: Errand, now: float, kid: str | None) -> Flight:
        if errand is Errand.UNKNOWN_KID:
            self.books.spend(now, kid)
        return Flight(errand, now, self._timeout, kid=kid)

    def _launch(self, flight: Flight) -> None:
        self._tell(KeyEvent("refresh_started", self.books.uri, reason=flight.errand.value))
        try:
            self._spawn(partial(self._fly, flight))
        except RuntimeError as exc:  # no more threads, or the interpreter is shutting down
            self._land(flight, caused("no thread could be started", "thread", exc))

    def _fly(self, flight: Flight) -> None:
        result: Loaded | KeySourceError = KeySourceError("the fetch ended without a result", kind="crash")
        try:
            result = self.load(Order(flight.errand, self.books.snapshot, flight.deadline, flight.kid))
        except KeySourceError as exc:
            result = exc
        except Exception as exc:  # noqa: BLE001 - fetch_data is the user's to override
            result = caused("fetch_data failed", "callback", exc)
        finally:
            self._land(flight, result)

    def _land(self, flight: Flight, result: Loaded | KeySourceError) -> None:
        now, error = self.clock(), result if isinstance(result, KeySourceError) else None
        with self._lock:
            flight.ended = True
            if self.current is not flight:  # given up on: its late result is worth nothing
                return
            self.current = None
            event = self._record(flight, result, now)
        flight.outcome.set_result(error)
        self._tell(event)

    def _record(self, flight: Flight, result: Loaded | KeySourceError, now: float) -> KeyEvent | None:
        draw = self._rng()
        if isinstance(result, KeySourceError):
            return self.books.fail(result, flight.errand, now, draw=draw, kid=flight.kid)
        event = self.books.accept(result, now, wall=self.wall(), draw=draw)
        if result.failure is not None:
            return self.books.fail(result.failure, flight.errand, now, draw=draw, kid=flight.kid)
        return event

    def _abandon_overdue(self, now: float) -> KeyEvent | None:
        flight = self.current
        if flight is None or not self.overdue(now):
            return None
        error = KeySourceError("the fetch hangs past its deadline", kind="timeout")
        self.current = None
        self._abandoned = (*(flight for flight in self._abandoned if not flight.ended), flight)
        event = self.books.fail(error, flight.errand, now, draw=self._rng(), kid=flight.kid)
        flight.outcome.set_result(error)
        return event

    def _after_fork(self) -> None:
        # No other thread lives on in the child, and the lock may have been copied while it was held.
        self._lock, self.crowd = threading.Lock(), Crowd()
        self.current, self._abandoned = None, ()


_all: weakref.WeakSet[Flights] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    Crowd.after_fork()
    for flights in tuple(_all):
        flights._after_fork()


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
