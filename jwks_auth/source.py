"""The keys of one issuer: an immutable snapshot that readers share, and at most one fetch in flight to
renew it.

Reads take no lock. What to do when is decided by :mod:`jwks_auth.freshness`, what is held is in a
:class:`~jwks_auth.ledger.Ledger`; this module makes lookups, waits, and starts and lands flights.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from jwks_auth.errors import InvalidTokenError, KeySourceError
from jwks_auth.events import KeyEvent, OnEvent
from jwks_auth.flight import Flight, in_background
from jwks_auth.freshness import BRIEF_WAIT, Errand, Move, Patience, Rules, Situation, State, plan
from jwks_auth.jwk import VerificationKey
from jwks_auth.key_set import KeySet
from jwks_auth.ledger import Ledger, RecentKids
from jwks_auth.snapshot import NOTHING, Deferred, Found, Health, Loaded, Order, Wanted, caused

__all__ = ["KeySource"]

ValueT = TypeVar("ValueT")

_MOST_ABANDONED = 2
"""Flights that hang past their deadline before no further one is started."""

_NOTHING_TO_DO = Move(None, Patience.NONE)

_log = logging.getLogger("jwks_auth")


class KeySource:
    """Finds keys, and keeps them fresh with *load*.

    *load* fetches once, in whichever thread it is called, and raises ``KeySourceError``. *recent* is for a
    source that keeps no set: every lookup loads, except for the kids remembered there, while they are fresh.
    """

    def __init__(
        self,
        load: Callable[[Order], Loaded],
        rules: Rules,
        *,
        uri: str = "",
        recent: RecentKids | None = None,
        on_event: OnEvent | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        rng: Callable[[], float] = random.random,
        spawn: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        self.rules, self.uri, self.clock = rules, uri, clock
        self.books = Ledger(rules, uri, keeps_set=recent is None)
        self._load, self._recent, self._on_event = load, recent, on_event
        self._wall, self._rng, self._spawn = wall, rng, spawn
        self._flight: Flight | None = None
        self._abandoned: tuple[Flight, ...] = ()
        self._lock = threading.Lock()
        _sources.add(self)

    @property
    def key_set(self) -> KeySet:
        """The keys in hand, for people to look at; empty before the first fetch. Never waits."""
        return self.books.snapshot.keys

    def find(self, kid: str | None, alg: str) -> VerificationKey | None:
        """The key, if it may be served at once. Never waits; may start a fetch in the background."""
        snapshot, now = self.books.snapshot, self.clock()
        if now < snapshot.fresh_until:
            return snapshot.keys.select(kid, alg)
        wanted = _key(kid, alg)
        if self._must_load(wanted, now) or self._begin(wanted, now)[1] > 0:
            return None
        key = self._serve(wanted, now)
        if key is not None:
            self._note_served(kid, now)
        return key

    def resolve(self, kid: str | None, alg: str) -> VerificationKey:
        """The key, waiting for a fetch where that can help.

        Raises ``InvalidTokenError`` for a key that is not in the set, ``KeySourceError`` where there is no
        set.
        """
        return _resolved(self.lookup(_key(kid, alg)))

    async def aresolve(self, kid: str | None, alg: str) -> VerificationKey:
        """As :meth:`resolve`, without holding the event loop."""
        return _resolved(await self.alookup(_key(kid, alg)))

    def lookup(self, wanted: Wanted[ValueT], *, refresh: bool = False) -> Found[ValueT]:
        """Look for *wanted*; with *refresh*, in the answer of a fetch that is under way or starts now."""
        now = self.clock()
        refresh = refresh or self._must_load(wanted, now)
        flight, seconds = self._begin(wanted, now, refresh=refresh)
        if flight is not None and seconds > 0:
            flight.wait(seconds)
            if _deferred(flight):
                return self.lookup(wanted, refresh=refresh)
        return self._conclude(wanted, flight if seconds > 0 else None, refresh=refresh)

    async def alookup(self, wanted: Wanted[ValueT], *, refresh: bool = False) -> Found[ValueT]:
        """As :meth:`lookup`, without holding the event loop."""
        now = self.clock()
        refresh = refresh or self._must_load(wanted, now)
        flight, seconds = self._begin(wanted, now, refresh=refresh)
        if flight is not None and seconds > 0:
            await flight.await_(seconds)
            if _deferred(flight):
                return await self.alookup(wanted, refresh=refresh)
        return self._conclude(wanted, flight if seconds > 0 else None, refresh=refresh)

    def publish(self, loaded: Loaded) -> None:
        """Take keys that were fetched outside a flight."""
        now = self.clock()
        with self._lock:
            event = self.books.accept(loaded, now, wall=self._wall(), draw=self._rng())
        self.tell(event)

    def forget(self) -> None:
        """Drop the keys in hand, as if none had been fetched."""
        with self._lock:
            self.books.snapshot = NOTHING

    def health(self) -> Health:
        """The source's condition, for a health check or a dashboard. Never waits."""
        return self.books.health(self.clock())

    # A lookup: begin, wait without a lock, conclude.

    def _begin(
        self, wanted: Wanted[Any], now: float, *, refresh: bool = False
    ) -> tuple[Flight | None, float]:
        """The flight in the air, one that starts now included, and for how many seconds to wait for it."""
        flight = self._flight
        move = self._move(wanted, now, flight, refresh=refresh)
        # Most lookups change nothing and take no lock; one that would is decided again under it.
        if move.fetch is not None or _overdue(flight, now):
            with self._lock:
                event = self._abandon_overdue(now)
                flight = self._flight
                move = self._move(wanted, now, flight, refresh=refresh)
                if move.fetch is not None:
                    flight = self._flight = self._new(move.fetch, now)
            self.tell(event)
            if move.fetch is not None and flight is not None:
                self._launch(flight)
        return flight, self._seconds(flight, move.patience, now)

    def _must_load(self, wanted: Wanted[Any], now: float) -> bool:
        """Whether no set is kept for lookups like this one."""
        return self._recent is not None and not self._recent.holds(wanted.kid, self.books.snapshot, now)

    def _move(self, wanted: Wanted[Any], now: float, flight: Flight | None, *, refresh: bool) -> Move:
        if flight is None and sum(not flight.ended for flight in self._abandoned) >= _MOST_ABANDONED:
            return _NOTHING_TO_DO
        if refresh:
            return Move(Errand.EXPLICIT if flight is None else None, Patience.FULL)
        return plan(self._situation(wanted, now, flying=flight is not None))

    def _situation(self, wanted: Wanted[Any], now: float, *, flying: bool) -> Situation:
        books = self.books
        return Situation(
            state=books.snapshot.life.state(now),
            known=self._serve(wanted, now) is not None,
            due=now >= books.deferred_until,
            flying=flying,
            failing=books.backoff.failures > 0,
            backing_off=now < books.backoff.not_before,
            budget=books.affords(now) >= 1,
            eager=self.rules.cooldown <= 0,
        )

    def _seconds(self, flight: Flight | None, patience: Patience, now: float) -> float:
        if flight is None or patience is Patience.NONE:
            return 0.0
        if patience is Patience.BRIEF:
            return flight.started + min(self.rules.wait, BRIEF_WAIT) - now
        return min(self.rules.wait, flight.lapse - now)

    def _serve(self, wanted: Wanted[ValueT], now: float) -> ValueT | None:
        snapshot = self.books.snapshot
        return wanted.pick(snapshot) if now < snapshot.life.dead else None

    def _conclude(self, wanted: Wanted[ValueT], flight: Flight | None, *, refresh: bool) -> Found[ValueT]:
        now = self.clock()
        answered = flight is not None and flight.outcome.done() and flight.outcome.result() is None
        value = wanted.pick(self.books.snapshot) if answered else None
        if not answered and not refresh:
            value = self._serve(wanted, now)
        if value is not None:
            self._note_served(wanted.kid, now)
            return Found(value)
        held = answered or (self.books.holds_keys(now) and not refresh)
        if held:
            self.tell(KeyEvent("unknown_kid", self.uri, action="refused" if flight is None else "awaited"))
        failed = not answered and (flight is not None or not held)
        return Found(None, self._error(flight, now) if failed else None, held)

    def _note_served(self, kid: str | None, now: float) -> None:
        if self._recent is not None:
            self._recent.add(kid)
        elif self._on_event is not None and self.books.snapshot.life.state(now) is State.STALE:
            self.tell(KeyEvent("stale_served", self.uri))

    def _error(self, flight: Flight | None, now: float) -> KeySourceError:
        if flight is not None and not flight.outcome.done():
            return KeySourceError("the keys did not arrive in time", kind="timeout")
        cause = (flight.outcome.result() if flight is not None else None) or self.books.last_error
        retry_after = max(1.0, self.books.backoff.not_before - now)
        if cause is None:
            return KeySourceError(retry_after=retry_after)
        # A new error each time: one raised again and again would grow a traceback without end.
        error = KeySourceError(str(cause), kind=cause.kind, retry_after=retry_after)
        error.__cause__ = cause
        return error

    # A flight: start, fly, land. The books change under the lock; results and events are given out after it.

    def _new(self, errand: Errand, now: float) -> Flight:
        if errand is Errand.UNKNOWN_KID:
            self.books.spend(now)
        return Flight(errand, now, self.rules.timeout)

    def _launch(self, flight: Flight) -> None:
        self.tell(KeyEvent("refresh_started", self.uri, reason=flight.errand.value))
        try:
            self._spawn(partial(self._fly, flight))
        except RuntimeError as exc:  # no more threads, or the interpreter is shutting down
            self._land(flight, caused("no thread could be started", "thread", exc))

    def _fly(self, flight: Flight) -> None:
        result: Loaded | KeySourceError = KeySourceError("the fetch ended without a result", kind="crash")
        try:
            result = self._load(Order(flight.errand, self.books.snapshot, flight.deadline))
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
            if self._flight is not flight:  # given up on: its late result is worth nothing
                return
            self._flight = None
            event = self._record(flight, result, now)
        flight.outcome.set_result(error)
        self.tell(event)

    def _record(self, flight: Flight, result: Loaded | KeySourceError, now: float) -> KeyEvent | None:
        draw = self._rng()
        if isinstance(result, KeySourceError):
            return self.books.fail(result, flight.errand, now, draw=draw)
        event = self.books.accept(result, now, wall=self._wall(), draw=draw)
        if result.failure is not None:
            return self.books.fail(result.failure, flight.errand, now, draw=draw)
        return event

    def _abandon_overdue(self, now: float) -> KeyEvent | None:
        flight = self._flight
        if flight is None or not _overdue(flight, now):
            return None
        error = KeySourceError("the fetch hangs past its deadline", kind="timeout")
        self._flight = None
        self._abandoned = (*(flight for flight in self._abandoned if not flight.ended), flight)
        event = self.books.fail(error, flight.errand, now, draw=self._rng())
        flight.outcome.set_result(error)
        return event

    def tell(self, event: KeyEvent | None) -> None:
        """Hand *event* to the owner, in this thread. Never called with the lock held."""
        if event is None:
            return
        if event.name == "refresh_failed":
            _log.warning("keys of %s: refresh failed (%s)", event.uri, event.kind)
        if self._on_event is not None:
            try:
                self._on_event(event)
            except Exception:  # noqa: BLE001 - a user's callback must not cost a request its keys
                _log.exception("on_event failed")

    def _after_fork(self) -> None:
        # No other thread lives on in the child, and the lock may have been copied while it was held.
        self._lock = threading.Lock()
        self._flight, self._abandoned = None, ()


_sources: weakref.WeakSet[KeySource] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for source in tuple(_sources):
        source._after_fork()


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _key(kid: str | None, alg: str) -> Wanted[VerificationKey]:
    return Wanted(lambda snapshot: snapshot.keys.select(kid, alg), kid)


def _overdue(flight: Flight | None, now: float) -> bool:
    return flight is not None and now >= flight.lapse


def _deferred(flight: Flight) -> bool:
    return flight.outcome.done() and isinstance(flight.outcome.result(), Deferred)


def _resolved(found: Found[VerificationKey]) -> VerificationKey:
    if found.value is not None:
        return found.value
    if found.error is not None and not found.held:
        raise found.error
    raise InvalidTokenError("unknown_key") from found.error
