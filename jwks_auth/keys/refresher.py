"""Refreshes of one source: one in progress at most, and each ends once.

State changes under the lock. Loads, waits and callbacks happen outside of it.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any
from weakref import WeakSet, ref

from jwks_auth.errors import KeySourceError
from jwks_auth.jose import KeySet
from jwks_auth.keys.events import KeyEvent
from jwks_auth.keys.failures import Deferred
from jwks_auth.keys.freshness import RefreshReason
from jwks_auth.keys.refresh import Refresh
from jwks_auth.keys.state import CacheState, FetchResult, LoadRequest
from jwks_auth.runtime import elapsed, heartbeat_during, in_background

__all__ = ["Refresher"]

_MOST_ABANDONED = 2
"""The refreshes that may hang past their deadline; with as many, no other is started."""


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
        watch: Callable[[Future[Any], Callable[[], object]], Callable[[], bool]] = heartbeat_during,
    ) -> None:
        self.current: Refresh | None = None
        """The refresh in progress. May be read without the lock."""
        self.version = 0
        """The number of changes so far: what was decided on an older one is decided again."""
        self.load, self.clock, self.wall = load, clock, wall
        self.judge: Callable[[KeySet], None] | None = None
        """Raises ``KeySourceError`` for keys that are not to be taken, whoever they come from."""
        self._cache, self._tell, self._timeout, self._rng = cache, tell, timeout, rng
        self._spawn, self._watch = spawn, watch
        self._abandoned: tuple[Refresh, ...] = ()
        self._lock = threading.Lock()
        _all.add(self)

    def may_start(self) -> bool:
        """Return whether few enough refreshes hang to start another."""
        return sum(not refresh.ended for refresh in self._abandoned) < _MOST_ABANDONED

    def drop_lost(self, now: float) -> None:
        """Give up the refresh in progress, if nothing need be expected of it any more."""
        refresh = self.current
        if refresh is None or not refresh.lost(now):
            return
        with self._lock:
            if self.current is not refresh:
                return
            self._change(None)
            self._abandoned = (*(refresh for refresh in self._abandoned if not refresh.ended), refresh)
            error, event = self._loss(refresh, now)
        refresh.outcome.set_result(error)
        self._tell(event)

    def start(
        self, reason: RefreshReason, now: float, *, version: int, kid: str | None = None
    ) -> Refresh | None:
        """Start a refresh, for *kid*; ``None`` if anything has changed since *version*."""
        with self._lock:
            if self.version != version or self.current is not None:
                return None
            if reason is RefreshReason.UNKNOWN_KID:
                self._cache.budget.spend(kid, now)
            refresh = Refresh(reason, now, self._timeout, kid=kid)
            self._change(refresh)
        self._run_in_background(refresh)
        return refresh

    def publish(self, result: FetchResult | None) -> None:
        """Accept keys that were fetched outside a refresh; ``None`` drops those in hand."""
        event = None
        result = result and self._judged(result)
        with self._lock:
            if result is None:
                self._cache.forget()
            else:
                event = self._cache.accept(result, self.clock(), wall=self.wall(), draw=self._rng())
            self._change(self.current)
        self._tell(event)

    def _judged(self, result: FetchResult) -> FetchResult:
        if self.judge is not None:
            self.judge(result.keys)
        return result

    def _change(self, current: Refresh | None) -> None:
        self.current = current
        self.version += 1

    def _run_in_background(self, refresh: Refresh) -> None:
        self._tell(KeyEvent("refresh_started", self._cache.uri, reason=refresh.reason.value))
        refresh.stopped = self._watch(refresh.outcome, partial(_alarm, ref(self)))
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
            result = self._judged(self.load(request))
        except KeySourceError as exc:
            result = exc
        except Exception as exc:  # noqa: BLE001 - fetch_data is the user's to override
            result = _caused("fetch_data failed", "callback", exc)
        finally:
            self._finish(refresh, result)

    def _finish(self, refresh: Refresh, result: FetchResult | KeySourceError) -> None:
        now, following = self.clock(), None
        with self._lock:
            refresh.ended = True
            current = self.current is refresh
            if current:
                error, event = self._record(refresh, result, now)
                following = self._following(refresh, result, now)
                self._change(following)
            else:  # given up, or cut off
                error, event = None, self._take_late(refresh, result, now)
        if current:
            refresh.outcome.set_result(error)
        self._tell(event)
        if following is not None:
            self._run_in_background(following)

    def _record(
        self, refresh: Refresh, result: FetchResult | KeySourceError, now: float
    ) -> tuple[KeySourceError | None, KeyEvent | None]:
        if isinstance(result, FetchResult):
            return None, self._accept(refresh, result, now)
        if refresh.stopped():
            return self._cut_off(refresh), None
        return result, self._cache.fail(result, refresh.reason, now, draw=self._rng(), kid=refresh.kid)

    def _accept(self, refresh: Refresh, result: FetchResult, now: float) -> KeyEvent:
        if refresh.lost(now):  # the provider may have given it as long ago as that
            result = replace(result, age=result.age + now - refresh.started)
        return self._cache.accept(result, now, wall=self.wall(), draw=self._rng())

    def _take_late(
        self, refresh: Refresh, result: FetchResult | KeySourceError, now: float
    ) -> KeyEvent | None:
        """Take keys that come late, unless newer ones are in hand."""
        if not isinstance(result, FetchResult) or self._cache.snapshot.born > refresh.started:
            return None
        self._change(self.current)
        return self._accept(refresh, result, now)

    def _following(
        self, refresh: Refresh, result: FetchResult | KeySourceError, now: float
    ) -> Refresh | None:
        """Return the refresh that is to follow keys from a store, past their freshness."""
        if not isinstance(result, FetchResult) or result.due is None:
            return None
        return Refresh(result.due, now, self._timeout, kid=refresh.kid, behind=True)

    def _loss(self, refresh: Refresh, now: float) -> tuple[KeySourceError, KeyEvent | None]:
        if refresh.stopped():
            return self._cut_off(refresh), None
        error = KeySourceError("the fetch hangs past its deadline", kind="timeout")
        return error, self._cache.fail(error, refresh.reason, now, draw=self._rng(), kid=refresh.kid)

    def _cut_off(self, refresh: Refresh) -> KeySourceError:
        """Note a refresh that a standstill of the process has cut off: no failure of the provider's."""
        self._cache.release(refresh.reason, refresh.kid)
        return Deferred("the process stood still during the fetch")

    def _after_fork(self) -> None:
        # The child has none of the other threads, and its copy of the lock may be held.
        self._lock = threading.Lock()
        self.current, self._abandoned = None, ()


def _alarm(reference: ref[Refresher]) -> None:
    """Tell whoever waits that the process stood still: another refresh can be started."""
    refresher = reference()  # weak, as the thread that calls this may outlive the refresh for a moment
    if refresher is not None:  # pragma: no branch
        refresher.drop_lost(refresher.clock())


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
