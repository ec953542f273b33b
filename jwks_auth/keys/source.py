"""The keys of one issuer: an immutable snapshot that readers share, renewed by one fetch at a time.

Reads take no lock. What to do when is decided by :mod:`jwks_auth.keys.freshness`, what is held is in a
:class:`~jwks_auth.keys.ledger.Ledger`, fetches are :class:`~jwks_auth.keys.flights.Flights`; here lookups are made.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any, TypeVar

from jwks_auth.challenge import escaped
from jwks_auth.errors import KeySourceError
from jwks_auth.jose import KeySet, VerificationKey
from jwks_auth.keys.events import KeyEvent, OnEvent
from jwks_auth.keys.flight import Flight
from jwks_auth.keys.flights import Flights
from jwks_auth.keys.freshness import Errand, Move, Patience, Rules, Situation, State, plan
from jwks_auth.keys.ledger import Ledger, RecentKids
from jwks_auth.keys.snapshot import Found, Health, Loaded, Order, Wanted, resolved, wanted_key
from jwks_auth.runtime import elapsed

__all__ = ["KeySource"]

ValueT = TypeVar("ValueT")
Steps = Generator[tuple[Flight, float] | Found[ValueT], None, None]

_MOST_WAITS = 2
"""Flights that one lookup waits for: one it met in the air, and one that leaves after it came."""

_log = logging.getLogger("jwks_auth")


class KeySource:
    """Finds keys, and keeps them fresh with *load*.

    *load* fetches once, in whichever thread it is called, and raises ``KeySourceError``. *recent* is for a
    source that keeps no set: every lookup loads, except for the kids remembered there, while they are fresh.
    *parts* are those of :class:`~jwks_auth.keys.flights.Flights` that a test may replace.
    """

    def __init__(
        self,
        load: Callable[[Order], Loaded],
        rules: Rules,
        *,
        uri: str = "",
        recent: RecentKids | None = None,
        on_event: OnEvent | None = None,
        clock: Callable[[], float] = elapsed,
        **parts: Any,
    ) -> None:
        self.rules, self.clock = rules, clock
        self.books = Ledger(rules, uri, keeps_set=recent is None)
        self.flights = Flights(load, self.books, self.tell, timeout=rules.timeout, clock=clock, **parts)
        self._recent, self._on_event = recent, on_event

    @property
    def key_set(self) -> KeySet:
        """The keys in hand, for people to look at; empty before the first fetch. Never waits."""
        return self.books.snapshot.keys

    def find(self, kid: str | None, alg: str) -> VerificationKey | None:
        """The key, if it is fresh. Never waits and starts nothing; all else is for :meth:`resolve`."""
        snapshot = self.books.snapshot
        return snapshot.keys.select(kid, alg) if self.clock() < snapshot.fresh_until else None

    def resolve(self, kid: str | None, alg: str, *, tried: VerificationKey | None = None) -> VerificationKey:
        """The key: at once if it may be served, perhaps with a renewal in the background; else after a fetch.

        Raises ``InvalidTokenError`` for a key that is not in the set, ``KeySourceError`` where there is no
        set.
        """
        return resolved(self.lookup(_key(kid, alg, tried)), tried)

    async def aresolve(
        self, kid: str | None, alg: str, *, tried: VerificationKey | None = None
    ) -> VerificationKey:
        """As :meth:`resolve`, without holding the event loop."""
        return resolved(await self.alookup(_key(kid, alg, tried)), tried)

    def lookup(self, wanted: Wanted[ValueT], *, refresh: bool = False) -> Found[ValueT]:
        """Look for *wanted*; with *refresh*, in the answer of a fetch that is under way or starts now."""
        with closing(self._steps(wanted, refresh=refresh)) as steps:
            while not isinstance(step := next(steps), Found):
                flight, seconds = step
                flight.wait(seconds)
        return step

    async def alookup(self, wanted: Wanted[ValueT], *, refresh: bool = False) -> Found[ValueT]:
        """As :meth:`lookup`, without holding the event loop."""
        with closing(self._steps(wanted, refresh=refresh)) as steps:
            while not isinstance(step := next(steps), Found):
                flight, seconds = step
                await flight.await_(seconds)
        return step

    def health(self) -> Health:
        """The source's condition, for a health check or a dashboard. Never waits."""
        return self.books.health(self.clock())

    # A lookup: begin, wait without a lock, conclude.

    def _steps(self, wanted: Wanted[ValueT], *, refresh: bool) -> Steps[ValueT]:
        """The flights to wait for, and for how many seconds; at last how the lookup ends."""
        began, landed, admitted, crowd = self.clock(), None, False, self.flights.crowd
        recent = self._recent  # without a set each lookup loads, but for the kids remembered
        refresh |= (
            recent is not None
            and not wanted.again
            and not recent.holds(wanted.kid, self.books.snapshot, began)
        )
        try:
            for _ in range(_MOST_WAITS):
                flight, seconds = self._begin(wanted, began, refresh=refresh)
                if flight is None or seconds <= 0:
                    break
                strange = not admitted and self._is_strange(wanted, refresh=refresh)
                admitted = admitted or (strange and crowd.enter())
                brief = strange and not admitted
                if brief:
                    seconds = min(seconds, flight.started + crowd.grace - self.clock())
                if seconds > 0:
                    yield flight, seconds
                if brief and not flight.outcome.done():
                    yield self._sent_away()
                landed = flight
                if not self._deserves_another(wanted, flight, began):
                    break
            yield self._conclude(wanted, landed, refresh=refresh)
        finally:
            if admitted:
                crowd.leave()

    def _is_strange(self, wanted: Wanted[Any], *, refresh: bool) -> bool:
        """Return whether nobody may have the key: there are keys, and it is none of them."""
        now = self.clock()
        return not refresh and self.books.holds_keys(now) and self._serve(wanted, now) is None

    def _sent_away(self) -> Found[Any]:
        self.tell(KeyEvent("unknown_kid", self.books.uri, action="refused"))
        return Found(None, KeySourceError("others wait for keys not seen before", kind="busy"))

    def _begin(self, wanted: Wanted[Any], began: float, *, refresh: bool) -> tuple[Flight | None, float]:
        """The flight in the air, one that starts now included, and for how many seconds to wait for it."""
        now = self.clock()
        flights, seen = self.flights, self.books.snapshot
        known = self._serve(wanted, now) is not None

        def decide(flight: Flight | None) -> Move | None:
            # What was wanted was looked for before the lock was taken, as that may be a user's code; where the keys
            # have changed meanwhile it is looked for again.
            if self.books.snapshot is not seen:
                return None
            return self._move(known, now, flight, kid=wanted.kid, refresh=refresh)

        flight = flights.current
        move = decide(flight)
        # Most lookups change nothing and take no lock; one that would is decided again under it.
        if move is not None and (move.fetch is not None or flights.overdue(now)):
            flight, move = flights.start(decide, now, kid=wanted.kid)
        if move is None:
            return self._begin(wanted, began, refresh=refresh)
        until = began if flight is None else flight.until(move.patience, self.rules.wait, began)
        return flight, until - now

    def _move(
        self, known: bool, now: float, flight: Flight | None, *, kid: str | None, refresh: bool
    ) -> Move:
        if flight is None and not self.flights.may_start():
            return Move(None, Patience.NONE)
        if refresh:
            return Move(Errand.EXPLICIT if flight is None else None, Patience.FULL)
        books = self.books
        situation = Situation(
            state=books.snapshot.life.state(now),
            known=known,
            due=now >= books.deferred_until,
            flying=flight is not None,
            failing=books.backoff.failures > 0,
            backing_off=now < books.backoff.not_before,
            budget=books.may_search(kid, now),
            eager=self.rules.cooldown <= 0,
        )
        return plan(situation)

    def _deserves_another(self, wanted: Wanted[Any], flight: Flight, began: float) -> bool:
        """Return whether *flight* told nothing of the moment at which the lookup began, and another may."""
        if not flight.succeeded:
            return flight.put_off
        snapshot = self.books.snapshot
        # A flight that was joined may have left before the provider published the key, and what comes from a store was
        # fetched some time ago.
        late = flight.started >= began and snapshot.loaded.age <= 0
        return not late and wanted.pick(snapshot) is None

    def _serve(self, wanted: Wanted[ValueT], now: float) -> ValueT | None:
        snapshot = self.books.snapshot
        return wanted.pick(snapshot) if now < snapshot.life.dead else None

    def _conclude(self, wanted: Wanted[ValueT], flight: Flight | None, *, refresh: bool) -> Found[ValueT]:
        now = self.clock()
        answered = flight is not None and flight.succeeded
        value = wanted.pick(self.books.snapshot) if answered else None
        if not answered and not refresh:
            value = self._serve(wanted, now)
        if value is not None:
            self._note_served(wanted.kid, now)
            return Found(value)
        held = answered or (self.books.holds_keys(now) and not refresh)
        if held:
            action = "refused" if flight is None else "awaited"
            self.tell(KeyEvent("unknown_kid", self.books.uri, action=action))
        failing = self.books.backoff.failures > 0 or (flight is not None and not flight.put_off)
        # Where the last fetch failed nobody knows whether the key is good by now.
        failed = not answered and (failing or not held)
        return Found(None, self._error(flight, now) if failed else None, held)

    def _note_served(self, kid: str | None, now: float) -> None:
        if self._recent is not None:
            self._recent.add(kid)
        elif self._on_event is not None and self.books.snapshot.life.state(now) is State.STALE:
            self.tell(KeyEvent("stale_served", self.books.uri))

    def _error(self, flight: Flight | None, now: float) -> KeySourceError:
        if flight is not None and not flight.outcome.done():
            return KeySourceError("the keys did not arrive in time", kind="timeout")
        cause = (flight.outcome.result() if flight is not None else None) or self.books.last_error
        retry_after = max(1.0, self.books.backoff.not_before - now)
        if cause is None:
            return KeySourceError(retry_after=retry_after)
        # A new error each time: one raised again and again would grow a traceback without end.
        error = KeySourceError(str(cause), kind=cause.kind, retry_after=retry_after)
        error.__cause__ = cause.__cause__ or cause
        return error

    def tell(self, event: KeyEvent | None) -> None:
        """Hand *event* to the owner, in this thread. Never called with the lock held."""
        if event is None:
            return
        if event.name == "refresh_failed":
            why = self.books.last_error or "over by now"
            _log.warning("keys of %s: refresh failed (%s): %s", escaped(event.uri), event.kind, why)
        elif event.name == "store_failed":
            _log.warning("keys of %s: the store is of no use (%s)", escaped(event.uri), event.kind)
        if self._on_event is not None:
            try:
                self._on_event(event)
            except Exception:  # noqa: BLE001 - a user's callback must not cost a request its keys
                _log.exception("on_event failed")


def _key(kid: str | None, alg: str, tried: VerificationKey | None) -> Wanted[VerificationKey]:
    return wanted_key(lambda snapshot: snapshot.keys.select(kid, alg), kid, tried)
