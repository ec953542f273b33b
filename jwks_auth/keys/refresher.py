"""Refreshes of one source: one in progress at most, and each ends once.

State changes under the lock. Loads, waits and callbacks happen outside of it.
"""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from functools import partial
from weakref import WeakSet

from jwks_auth.errors import KeySourceError
from jwks_auth.keys.events import KeyEvent
from jwks_auth.keys.freshness import BRIEF_WAIT, Decision, RefreshReason, WaitPolicy
from jwks_auth.keys.state import CacheState, Deferred, FetchResult, LoadRequest
from jwks_auth.runtime import elapsed, in_background

__all__ = ["GRACE", "Refresh", "Refresher"]

GRACE = 1.0
"""Seconds past its deadline after which a refresh is given up."""

_MOST_ABANDONED = 2
"""The refreshes that may hang past their deadline; with as many, no other is started."""


class Refresh:
    """One refresh, owned by the source. Callers wait for it, and may stop waiting without ending it."""

    def __init__(
        self, reason: RefreshReason, started: float, timeout: float, *, kid: str | None = None
    ) -> None:
        self.reason, self.kid = reason, kid
        self.started = started
        self.deadline = started + timeout
        self.given_up_at = self.deadline + GRACE
        self.ended = False
        """True if its thread has ended."""
        self.outcome: Future[KeySourceError | None] = Future()
        """The failure as a result, not an exception; ``None`` for success."""
        # A running future can't be cancelled, so it survives an async waiter that is cancelled.
        self.outcome.set_running_or_notify_cancel()

    @property
    def succeeded(self) -> bool:
        """True if it has brought keys."""
        return self.outcome.done() and self.outcome.result() is None

    @property
    def deferred(self) -> bool:
        """True if it was put off because another process fetches."""
        return self.outcome.done() and isinstance(self.outcome.result(), Deferred)

    def until(self, policy: WaitPolicy, wait: float, began: float) -> float:
        """Return the time until which a lookup that *began* at that time waits, *wait* seconds at most."""
        if policy is WaitPolicy.NONE:
            return began
        if policy is WaitPolicy.BRIEF:
            return min(self.started, began) + min(wait, BRIEF_WAIT)
        return min(began + wait, self.given_up_at)

    def wait(self, seconds: float) -> None:
        """Block this thread until the refresh has ended, or for *seconds*."""
        with suppress(FutureTimeout):
            self.outcome.result(seconds)

    async def await_(self, seconds: float) -> None:
        """Do as :meth:`wait`, on the running event loop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(self.outcome), seconds)


class Refresher:
    """Starts and ends refreshes of *timeout* seconds at most, each of them one call of *load*.

    New keys go into *cache*; *tell* is called with every event.
    """

    def __init__(
        self,
        load: Callable[[LoadRequest], FetchResult],
        cache: CacheState,
        tell: Callable[[KeyEvent | None], None],
        *,
        timeout: float,
        clock: Callable[[], float] = elapsed,
        wall: Callable[[], float] = time.time,
        rng: Callable[[], float] = random.random,
        spawn: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        self.current: Refresh | None = None
        """The refresh in progress. May be read without the lock."""
        self.load, self.clock, self.wall = load, clock, wall
        self._cache, self._tell, self._timeout, self._rng, self._spawn = cache, tell, timeout, rng, spawn
        self._abandoned: tuple[Refresh, ...] = ()
        self._lock = threading.Lock()
        _all.add(self)

    def may_start(self) -> bool:
        """Return whether few enough refreshes hang to start another."""
        return sum(not refresh.ended for refresh in self._abandoned) < _MOST_ABANDONED

    def overdue(self, now: float) -> bool:
        """Return whether the refresh in progress is :data:`GRACE` past its deadline."""
        return self.current is not None and now >= self.current.given_up_at

    def start(
        self, decide: Callable[[Refresh | None], Decision | None], now: float, *, kid: str | None = None
    ) -> tuple[Refresh | None, Decision | None]:
        """Call *decide* with the refresh in progress, under the lock, and start one for *kid* if it says so."""
        with self._lock:
            event = self._abandon_overdue(now)
            decision = decide(self.current)
            reason = decision and decision.fetch
            if reason is not None:
                self.current = self._new(reason, now, kid)
            refresh = self.current
        self._tell(event)
        if reason is not None and refresh is not None:
            self._run_in_background(refresh)
        return refresh, decision

    def publish(self, result: FetchResult | None) -> None:
        """Accept keys that were fetched outside a refresh; ``None`` drops those in hand."""
        event = None
        with self._lock:
            if result is None:
                self._cache.forget()
            else:
                event = self._cache.accept(result, self.clock(), wall=self.wall(), draw=self._rng())
        self._tell(event)

    def _new(self, reason: RefreshReason, now: float, kid: str | None) -> Refresh:
        if reason is RefreshReason.UNKNOWN_KID:
            self._cache.spend(now, kid)
        return Refresh(reason, now, self._timeout, kid=kid)

    def _run_in_background(self, refresh: Refresh) -> None:
        self._tell(KeyEvent("refresh_started", self._cache.uri, reason=refresh.reason.value))
        try:
            self._spawn(partial(self._run, refresh))
        except RuntimeError as exc:  # no more threads, or the interpreter is shutting down
            self._finish(refresh, _caused("no thread could be started", "thread", exc))

    def _run(self, refresh: Refresh) -> None:
        result: FetchResult | KeySourceError = KeySourceError(
            "the fetch ended without a result", kind="crash"
        )
        request = LoadRequest(refresh.reason, self._cache.snapshot, refresh.deadline, refresh.kid)
        try:
            result = self.load(request)
        except KeySourceError as exc:
            result = exc
        except Exception as exc:  # noqa: BLE001 - fetch_data is the user's to override
            result = _caused("fetch_data failed", "callback", exc)
        finally:
            self._finish(refresh, result)

    def _finish(self, refresh: Refresh, result: FetchResult | KeySourceError) -> None:
        now = self.clock()
        with self._lock:
            refresh.ended = True
            if self.current is not refresh:  # given up, or started in the parent of a fork
                return
            self.current = None
            event = self._record(refresh, result, now)
        refresh.outcome.set_result(result if isinstance(result, KeySourceError) else None)
        self._tell(event)

    def _record(self, refresh: Refresh, result: FetchResult | KeySourceError, now: float) -> KeyEvent | None:
        draw = self._rng()
        if isinstance(result, KeySourceError):
            return self._cache.fail(result, refresh.reason, now, draw=draw, kid=refresh.kid)
        event = self._cache.accept(result, now, wall=self.wall(), draw=draw)
        if result.failure is not None:
            return self._cache.fail(result.failure, refresh.reason, now, draw=draw, kid=refresh.kid)
        return event

    def _abandon_overdue(self, now: float) -> KeyEvent | None:
        refresh = self.current
        if refresh is None or now < refresh.given_up_at:
            return None
        error = KeySourceError("the fetch hangs past its deadline", kind="timeout")
        self.current = None
        self._abandoned = (*(refresh for refresh in self._abandoned if not refresh.ended), refresh)
        event = self._cache.fail(error, refresh.reason, now, draw=self._rng(), kid=refresh.kid)
        refresh.outcome.set_result(error)
        return event

    def _after_fork(self) -> None:
        # The child has none of the other threads, and its copy of the lock may be held.
        self._lock = threading.Lock()
        self.current, self._abandoned = None, ()


def _caused(detail: str, kind: str, cause: BaseException) -> KeySourceError:
    error = KeySourceError(detail, kind=kind)
    error.__cause__ = cause
    return error


_all: WeakSet[Refresher] = WeakSet()


def _after_fork_in_child() -> None:
    for refresher in tuple(_all):
        refresher._after_fork()


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
