"""The keys of one issuer: an immutable snapshot that readers share, and at most one fetch in flight to
renew it.

Reads take no lock. A flight belongs to the source and not to the caller who started it: callers wait for
it, sync or async, and whoever gives up harms nobody. What to do when is decided by
:mod:`jwks_auth.freshness`; this module holds the state, runs the flights and waits.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any, Generic, TypeVar

from jwks_auth.errors import InvalidTokenError, KeySourceError
from jwks_auth.events import KeyEvent, OnEvent
from jwks_auth.freshness import (
    BRIEF_WAIT,
    Backoff,
    Budget,
    Errand,
    Life,
    Patience,
    Rules,
    Situation,
    State,
    plan,
)
from jwks_auth.jwk import VerificationKey
from jwks_auth.key_set import KeySet

__all__ = ["Found", "Health", "KeySource", "Loaded", "Order", "Snapshot", "Wanted"]

ValueT = TypeVar("ValueT")

_GRACE = 1.0
"""Seconds past its deadline after which a flight that did not end is given up."""

_MOST_ABANDONED = 2

_log = logging.getLogger("jwks_auth")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One answer of the provider: what it said, the keys in it, and how long they live."""

    keys: KeySet
    document: Any
    """What the load returned: a key set document, or whatever an overriding ``fetch_data`` gave instead."""
    raw: dict[str, Any] | None
    """The document as it came from the network, which a 304 confirms."""
    etag: str | None
    life: Life
    fresh_until: float
    """Until then a key in the set is served without a further thought."""


_NOTHING = Snapshot(KeySet(()), None, None, None, Life(), -inf)


@dataclass(frozen=True, slots=True)
class Order:
    """What a load is asked for: to be back by *deadline*, knowing what is *held* already."""

    errand: Errand
    held: Snapshot
    deadline: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a load brought.

    ``failure``: the keys are old ones from a store, because the provider did not answer.
    """

    document: Any
    keys: KeySet
    raw: dict[str, Any] | None = None
    etag: str | None = None
    max_age: float | None = None
    age: float = 0.0
    failure: KeySourceError | None = None


@dataclass(frozen=True, slots=True)
class Wanted(Generic[ValueT]):
    """What a lookup looks for: *pick* finds it in a snapshot, or returns ``None``."""

    pick: Callable[[Snapshot], ValueT | None]
    kid: str | None = None


@dataclass(frozen=True, slots=True)
class Found(Generic[ValueT]):
    """How a lookup ended. Neither value nor error: the keys in hand are good, and none of them is the one."""

    value: ValueT | None
    error: KeySourceError | None = None
    held: bool = True
    """Keys are in hand that may be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A source's condition.

    ``age`` is in seconds since the last good answer, ``next_attempt`` in seconds from now.
    """

    state: str
    age: float | None
    last_success: float | None
    """Seconds since 1970."""
    last_error: str | None
    """The ``kind`` of the last failure, until a fetch succeeds."""
    failures: int
    next_attempt: float | None
    keys: int
    budget: float
    """How many fetches unknown kids may cause at this moment."""


class Flight:
    """One fetch under way. ``future`` always ends with a result: ``None``, or the error."""

    def __init__(self, errand: Errand, started: float, timeout: float) -> None:
        self.errand = errand
        self.started = started
        self.deadline = started + timeout
        self.lapse = self.deadline + _GRACE
        self.ended = False
        self.future: Future[KeySourceError | None] = Future()
        # A running future can't be cancelled, so an async waiter who is cancelled leaves it alone.
        self.future.set_running_or_notify_cancel()


@dataclass(frozen=True, slots=True)
class _Ticket:
    """A lookup's first half: the flight to wait for, if any, and how many seconds."""

    future: Future[KeySourceError | None] | None
    seconds: float
    fetching: bool = False
    """This lookup started the flight."""


def spawn_daemon(run: Callable[[], None]) -> None:
    """Run *run* in a thread of its own that keeps no interpreter alive."""
    threading.Thread(target=run, name="jwks-auth-fetch", daemon=True).start()


class KeySource:
    """Finds keys, and keeps them fresh with *load*.

    *load* fetches once, in whichever thread it is called, and raises ``KeySourceError``. *recent* is for a
    source that keeps no set: every lookup loads, except for the kids remembered there, while they are
    fresh.
    """

    def __init__(
        self,
        load: Callable[[Order], Loaded],
        rules: Rules,
        *,
        uri: str = "",
        recent: RecentKids | None = None,
        accept_empty: bool = False,
        on_event: OnEvent | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        rng: Callable[[], float] = random.random,
        spawn: Callable[[Callable[[], None]], None] = spawn_daemon,
    ) -> None:
        self.rules, self.uri = rules, uri
        self._load, self._recent, self._accept_empty, self._on_event = load, recent, accept_empty, on_event
        self.clock, self._wall, self._rng, self._spawn = clock, wall, rng, spawn
        self.snapshot = _NOTHING
        """The keys in hand, of whatever age. Replaced as a whole, and by this object only."""
        self._flight: Flight | None = None
        self._abandoned: list[Flight] = []
        self._budget, self._backoff = Budget(), Backoff()
        self._last_error: KeySourceError | None = None
        self._last_success: float | None = None
        self._lock = threading.Lock()
        _sources.add(self)

    def find(self, kid: str | None, alg: str) -> VerificationKey | None:
        """The key, if it may be served at once. Never waits; may start a fetch in the background."""
        snapshot = self.snapshot
        if self.clock() < snapshot.fresh_until:
            return snapshot.keys.select(kid, alg)
        wanted = _key(kid, alg)
        now = self.clock()
        if self._begin(wanted, now).future is not None:
            return None
        return self._serve(wanted, now)

    def resolve(self, kid: str | None, alg: str) -> VerificationKey:
        """The key, waiting for a fetch where the rules say so.

        Raises ``InvalidTokenError`` or ``KeySourceError``.
        """
        return _resolved(self.lookup(_key(kid, alg)))

    async def aresolve(self, kid: str | None, alg: str) -> VerificationKey:
        """As :meth:`resolve`, without holding the event loop."""
        return _resolved(await self.alookup(_key(kid, alg)))

    def lookup(self, wanted: Wanted[ValueT], *, refresh: bool = False) -> Found[ValueT]:
        """Look for *wanted*; with *refresh*, in the answer of a fetch that is under way or starts now."""
        ticket = self._begin(wanted, self.clock(), refresh=refresh)
        if ticket.future is not None:
            with suppress(FutureTimeout):
                ticket.future.result(ticket.seconds)
        return self._conclude(wanted, ticket, refresh=refresh)

    async def alookup(self, wanted: Wanted[ValueT], *, refresh: bool = False) -> Found[ValueT]:
        """As :meth:`lookup`, without holding the event loop."""
        ticket = self._begin(wanted, self.clock(), refresh=refresh)
        if ticket.future is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.wrap_future(ticket.future), ticket.seconds)
        return self._conclude(wanted, ticket, refresh=refresh)

    def publish(self, loaded: Loaded) -> None:
        """Take keys that were fetched outside a flight."""
        checked, now = self._checked(loaded), self.clock()
        with self._lock:
            event = self._accept(checked, now)
        self._tell([event])

    def health(self) -> Health:
        """The source's condition, for a health check or a dashboard. Never waits."""
        now, snapshot, backoff = self.clock(), self.snapshot, self._backoff
        last = self._last_success
        return Health(
            state=str(snapshot.life.state(now)),
            age=None if last is None else max(0.0, self._wall() - last),
            last_success=last,
            last_error=self._last_error.kind if self._last_error else None,
            failures=backoff.failures,
            next_attempt=max(0.0, backoff.not_before - now) if backoff.failures else None,
            keys=len(snapshot.keys.keys),
            budget=self._budget.available(now, self.rules.cooldown),
        )

    # A lookup: begin, wait without a lock, conclude.

    def _begin(self, wanted: Wanted[Any], now: float, *, refresh: bool = False) -> _Ticket:
        fetch, patience = self._move(wanted, now, refresh)
        flight, fetching = self._flight, False
        # Most lookups change nothing and take no lock; one that would is decided again under it.
        if fetch is not None or (flight is not None and now >= flight.lapse):
            with self._lock:
                events = self._abandon_overdue(now)
                fetch, patience = self._move(wanted, now, refresh)
                fetching = fetch is not None
                if fetch is not None:
                    self._flight = self._new_flight(fetch, now)
                flight = self._flight
            self._tell(events)
        if fetching and flight is not None:
            self._launch(flight)
        seconds = self._seconds(flight, patience, now)
        return _Ticket(flight.future if flight is not None and seconds > 0 else None, seconds, fetching)

    def _move(self, wanted: Wanted[Any], now: float, refresh: bool) -> tuple[Errand | None, Patience]:
        flying = self._flight is not None
        if not flying and sum(not flight.ended for flight in self._abandoned) >= _MOST_ABANDONED:
            return None, Patience.NONE
        if refresh:
            return (None if flying else Errand.EXPLICIT), Patience.FULL
        return plan(self._situation(wanted, now, flying))

    def _situation(self, wanted: Wanted[Any], now: float, flying: bool) -> Situation:
        backoff, eager = self._backoff, self.rules.cooldown <= 0
        state = self.snapshot.life.state(now)
        known = self._serve(wanted, now) is not None
        if self._recent is not None and not known:
            state, eager = State.EXPIRED, True
        return Situation(
            state=state,
            known=known,
            flying=flying,
            failing=backoff.failures > 0,
            backing_off=now < backoff.not_before,
            budget=self._budget.available(now, self.rules.cooldown) >= 1,
            eager=eager,
        )

    def _seconds(self, flight: Flight | None, patience: Patience, now: float) -> float:
        if flight is None or patience is Patience.NONE:
            return 0.0
        if patience is Patience.BRIEF:
            return flight.started + min(self.rules.wait, BRIEF_WAIT) - now
        return min(self.rules.wait, flight.lapse - now)

    def _serve(self, wanted: Wanted[ValueT], now: float) -> ValueT | None:
        snapshot, recent = self.snapshot, self._recent
        servable = now < snapshot.life.dead if recent is None else recent.holds(wanted.kid, snapshot, now)
        return wanted.pick(snapshot) if servable else None

    def _conclude(self, wanted: Wanted[ValueT], ticket: _Ticket, *, refresh: bool = False) -> Found[ValueT]:
        now, future = self.clock(), ticket.future
        answered = future is not None and future.done() and future.result() is None
        value = wanted.pick(self.snapshot) if answered else None
        if not answered and not refresh:
            value = self._serve(wanted, now)
        if value is not None:
            self._note_served(wanted.kid, now)
            return Found(value)
        held = answered or (self._recent is None and self._held(now))
        if held:
            self._note_unknown(ticket)
        failed = not answered and (future is not None or not held)
        return Found(None, self._error(future, now) if failed else None, held)

    def _held(self, now: float) -> bool:
        return self.snapshot.life.state(now) not in (State.EXPIRED, State.EMPTY)

    def _error(self, future: Future[KeySourceError | None] | None, now: float) -> KeySourceError:
        # A new error each time: one raised again and again would grow a traceback without end.
        if future is not None and not future.done():
            return KeySourceError("the keys did not arrive in time", kind="timeout")
        cause = (future.result() if future is not None else None) or self._last_error
        retry_after = max(1.0, self._backoff.not_before - now)
        if cause is None:
            return KeySourceError(retry_after=retry_after)
        error = KeySourceError(str(cause), kind=cause.kind, retry_after=retry_after)
        error.__cause__ = cause
        return error

    def _note_served(self, kid: str | None, now: float) -> None:
        if self._recent is not None:
            self._recent.add(kid)
        elif self._on_event is not None and self.snapshot.life.state(now) is State.STALE:
            self._tell([KeyEvent("stale_served", self.uri)])

    def _note_unknown(self, ticket: _Ticket) -> None:
        if self._on_event is not None:
            action = "fetched" if ticket.fetching else "joined" if ticket.future is not None else "refused"
            self._tell([KeyEvent("unknown_kid", self.uri, action=action)])

    # A flight: start, fly, land. State changes under the lock; events and results are given out after it.

    def _new_flight(self, errand: Errand, now: float) -> Flight:
        if errand is Errand.UNKNOWN_KID:
            self._budget = self._budget.spend(now, self.rules.cooldown)
        return Flight(errand, now, self.rules.timeout)

    def _launch(self, flight: Flight) -> None:
        self._tell([KeyEvent("refresh_started", self.uri, reason=flight.errand.value)])
        try:
            self._spawn(partial(self._fly, flight))
        except RuntimeError as exc:  # no more threads, or the interpreter is shutting down
            self._land(flight, _caused("no thread could be started", "thread", exc))

    def _fly(self, flight: Flight) -> None:
        result: Loaded | KeySourceError = KeySourceError("the fetch ended without a result", kind="crash")
        try:
            result = self._checked(self._load(Order(flight.errand, self.snapshot, flight.deadline)))
        except KeySourceError as exc:
            result = exc
        except Exception as exc:  # noqa: BLE001 - fetch_data is the user's to override
            result = _caused("fetch_data failed", "callback", exc)
        finally:
            self._land(flight, result)

    def _land(self, flight: Flight, result: Loaded | KeySourceError) -> None:
        now = self.clock()
        with self._lock:
            flight.ended = True
            if self._flight is not flight:  # given up on: its late result is worth nothing
                return
            self._flight = None
            event = (
                self._fail(result, flight.errand, now)
                if isinstance(result, KeySourceError)
                else self._accept(result, now)
            )
        flight.future.set_result(self._last_error)
        self._tell([event])

    def _abandon_overdue(self, now: float) -> list[KeyEvent]:
        flight = self._flight
        self._abandoned = [flight for flight in self._abandoned if not flight.ended]
        if flight is None or now < flight.lapse:
            return []
        self._flight = None
        self._abandoned.append(flight)
        event = self._fail(
            KeySourceError("the fetch hangs past its deadline", kind="timeout"), flight.errand, now
        )
        flight.future.set_result(self._last_error)
        return [event]

    def _checked(self, loaded: Loaded) -> Loaded:
        if not loaded.keys.keys and not self._accept_empty:
            reasons = "; ".join(sorted({refused.reason for refused in loaded.keys.refused})) or "it is empty"
            raise KeySourceError(f"the key set has no usable key: {reasons}", kind="no_usable_keys")
        return loaded

    def _accept(self, loaded: Loaded, now: float) -> KeyEvent:
        old, new = self.snapshot.keys, loaded.keys
        life = Life.starting(now - loaded.age, self.rules, draw=self._rng(), max_age=loaded.max_age)
        fresh_until = life.soft if self._recent is None else -inf
        self.snapshot = Snapshot(new, loaded.document, loaded.raw, loaded.etag, life, fresh_until)
        self._last_success = self._wall() - loaded.age
        self._backoff, self._last_error = Backoff(), None
        added, removed = new.kids() - old.kids(), old.kids() - new.kids()
        return KeyEvent(
            "refresh_ok",
            self.uri,
            added=tuple(sorted(added)),
            removed=tuple(sorted(removed)),
            skipped=new.refused,
        )

    def _fail(self, error: KeySourceError, errand: Errand, now: float) -> KeyEvent:
        if errand is Errand.UNKNOWN_KID:
            self._budget = self._budget.refund()
        self._backoff = self._backoff.after_failure(
            now, draw=self._rng(), empty=not self._held(now), retry_after=error.retry_after
        )
        self._last_error = _without_frames(error)
        return KeyEvent("refresh_failed", self.uri, kind=error.kind, retry_in=self._backoff.not_before - now)

    def _tell(self, events: list[KeyEvent]) -> None:
        for event in events:
            if event.name == "refresh_failed":
                _log.warning("keys of %s: refresh failed (%s)", event.uri, event.kind)
            if self._on_event is None:
                continue
            try:
                self._on_event(event)
            except Exception:  # noqa: BLE001 - a user's callback must not cost a request its keys
                _log.exception("on_event failed")

    def _forget_flights(self) -> None:
        """In a forked child: no other thread lives on there, and the lock may have been copied while held."""
        self._lock = threading.Lock()
        self._flight, self._abandoned = None, []


class RecentKids:
    """The last *most* kids found, which a source without a set may serve again without a fetch."""

    def __init__(self, most: int | None) -> None:
        self._most = inf if most is None else most
        self._kids: dict[str | None, None] = {}

    def holds(self, kid: str | None, snapshot: Snapshot, now: float) -> bool:
        """Whether *kid* was found lately and the snapshot is within its lifespan."""
        return kid in self._kids and now < snapshot.life.hard

    def add(self, kid: str | None) -> None:
        """Remember *kid*, and forget the one longest unused."""
        self._kids.pop(kid, None)
        self._kids[kid] = None
        while len(self._kids) > self._most:
            with suppress(StopIteration, KeyError, RuntimeError):
                del self._kids[next(iter(self._kids))]


_sources: weakref.WeakSet[KeySource] = weakref.WeakSet()


def _after_fork() -> None:
    for source in list(_sources):
        source._forget_flights()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _key(kid: str | None, alg: str) -> Wanted[VerificationKey]:
    return Wanted(lambda snapshot: snapshot.keys.select(kid, alg), kid)


def _resolved(found: Found[VerificationKey]) -> VerificationKey:
    if found.value is not None:
        return found.value
    if found.error is not None and not found.held:
        raise found.error
    raise InvalidTokenError("unknown_key") from found.error


def _caused(detail: str, kind: str, cause: Exception) -> KeySourceError:
    error = KeySourceError(detail, kind=kind)
    error.__cause__ = cause
    return error


def _without_frames(error: KeySourceError) -> KeySourceError:
    """*error*, which is kept for long, without the frames that would keep a whole answer alive."""
    part: BaseException | None = error
    while part is not None:
        part.__traceback__ = None
        part = part.__cause__ or part.__context__
    return error
