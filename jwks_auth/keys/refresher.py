"""The fetches of one source: at most one in the air, each landing in the cache once.

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
from jwks_auth.keys.cache_state import CacheState
from jwks_auth.keys.events import KeyEvent
from jwks_auth.keys.freshness import Decision, RefreshReason
from jwks_auth.keys.refresh import Refresh, Waiters
from jwks_auth.keys.snapshot import FetchResult, LoadRequest, caused
from jwks_auth.runtime import elapsed, in_background

__all__ = ["Refresher"]

_MOST_ABANDONED = 2
"""Fetches that hang past their deadline before no further one is started."""


class Refresher:
    """Starts and lands refreshes of *timeout* seconds, each of them one call of *load*.

    What they bring goes into *cache*, what happens is told to *tell*.
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
        """The refresh in the air. May be read without the lock."""
        self.waiters = Waiters()
        self.load, self.cache, self.clock, self.wall = load, cache, clock, wall
        self._tell, self._timeout, self._rng, self._spawn = tell, timeout, rng, spawn
        self._abandoned: tuple[Refresh, ...] = ()
        self._lock = threading.Lock()
        _all.add(self)

    def may_start(self) -> bool:
        """Return whether one more can hang without too many threads hanging."""
        return sum(not refresh.ended for refresh in self._abandoned) < _MOST_ABANDONED

    def overdue(self, now: float) -> bool:
        """Return whether the refresh in the air should long have landed."""
        return self.current is not None and now >= self.current.given_up_at

    def start(
        self, decide: Callable[[Refresh | None], Decision | None], now: float, *, kid: str | None = None
    ) -> tuple[Refresh | None, Decision | None]:
        """Do what *decide* says of the refresh in the air: start one, for *kid*, or let it be."""
        with self._lock:
            event = self._abandon_overdue(now)
            move = decide(self.current)
            reason = move and move.fetch
            if reason is not None:
                self.current = self._new(reason, now, kid)
            refresh = self.current
        self._tell(event)
        if reason is not None and refresh is not None:
            self._launch(refresh)
        return refresh, move

    def publish(self, loaded: FetchResult | None) -> None:
        """Take keys that were fetched outside a refresh; ``None`` drops those in hand."""
        event = None
        with self._lock:
            if loaded is None:
                self.cache.forget()
            else:
                event = self.cache.accept(loaded, self.clock(), wall=self.wall(), draw=self._rng())
        self._tell(event)

    def _new(self, reason: RefreshReason, now: float, kid: str | None) -> Refresh:
        if reason is RefreshReason.UNKNOWN_KID:
            self.cache.spend(now, kid)
        return Refresh(reason, now, self._timeout, kid=kid)

    def _launch(self, refresh: Refresh) -> None:
        self._tell(KeyEvent("refresh_started", self.cache.uri, reason=refresh.reason.value))
        try:
            self._spawn(partial(self._run, refresh))
        except RuntimeError as exc:  # no more threads, or the interpreter is shutting down
            self._finish(refresh, caused("no thread could be started", "thread", exc))

    def _run(self, refresh: Refresh) -> None:
        result: FetchResult | KeySourceError = KeySourceError(
            "the fetch ended without a result", kind="crash"
        )
        try:
            result = self.load(
                LoadRequest(refresh.reason, self.cache.snapshot, refresh.deadline, refresh.kid)
            )
        except KeySourceError as exc:
            result = exc
        except Exception as exc:  # noqa: BLE001 - fetch_data is the user's to override
            result = caused("fetch_data failed", "callback", exc)
        finally:
            self._finish(refresh, result)

    def _finish(self, refresh: Refresh, result: FetchResult | KeySourceError) -> None:
        now, error = self.clock(), result if isinstance(result, KeySourceError) else None
        with self._lock:
            refresh.ended = True
            if self.current is not refresh:  # given up on: its late result is worth nothing
                return
            self.current = None
            event = self._record(refresh, result, now)
        refresh.outcome.set_result(error)
        self._tell(event)

    def _record(self, refresh: Refresh, result: FetchResult | KeySourceError, now: float) -> KeyEvent | None:
        draw = self._rng()
        if isinstance(result, KeySourceError):
            return self.cache.fail(result, refresh.reason, now, draw=draw, kid=refresh.kid)
        event = self.cache.accept(result, now, wall=self.wall(), draw=draw)
        if result.failure is not None:
            return self.cache.fail(result.failure, refresh.reason, now, draw=draw, kid=refresh.kid)
        return event

    def _abandon_overdue(self, now: float) -> KeyEvent | None:
        refresh = self.current
        if refresh is None or not self.overdue(now):
            return None
        error = KeySourceError("the fetch hangs past its deadline", kind="timeout")
        self.current = None
        self._abandoned = (*(refresh for refresh in self._abandoned if not refresh.ended), refresh)
        event = self.cache.fail(error, refresh.reason, now, draw=self._rng(), kid=refresh.kid)
        refresh.outcome.set_result(error)
        return event

    def _after_fork(self) -> None:
        # No other thread lives on in the child, and the lock may have been copied while it was held.
        self._lock, self.waiters = threading.Lock(), Waiters()
        self.current, self._abandoned = None, ()


_all: weakref.WeakSet[Refresher] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    Waiters.after_fork()
    for refreshes in tuple(_all):
        refreshes._after_fork()


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
