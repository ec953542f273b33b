"""One fetch under way, and the threads, event loops and processes around it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress

from jwks_auth.errors import KeySourceError
from jwks_auth.keys.freshness import BRIEF_WAIT, RefreshReason, WaitPolicy
from jwks_auth.keys.snapshot import Deferred

__all__ = ["GRACE", "Outcome", "Refresh", "Waiters"]

Outcome = Future[KeySourceError | None]
"""How a refresh ends, always as a result: ``None`` is success."""

GRACE = 1.0
"""Seconds past its deadline after which a refresh that did not end is given up."""

_MOST_STRANGERS = 2
_MOST_STRANGERS_ANYWHERE = 4


class Refresh:
    """One fetch, owned by the source: callers wait for it, and whoever gives up harms nobody."""

    def __init__(
        self, reason: RefreshReason, started: float, timeout: float, *, kid: str | None = None
    ) -> None:
        self.reason, self.kid = reason, kid
        self.started = started
        self.deadline = started + timeout
        self.given_up_at = self.deadline + GRACE
        self.ended = False
        self.outcome: Outcome = Future()
        # A running future can't be cancelled, so an async waiter who is cancelled leaves it alone.
        self.outcome.set_running_or_notify_cancel()

    @property
    def succeeded(self) -> bool:
        """Return whether it has brought keys."""
        return self.outcome.done() and self.outcome.result() is None

    @property
    def deferred(self) -> bool:
        """Return whether it was left to another process."""
        return self.outcome.done() and isinstance(self.outcome.result(), Deferred)

    def until(self, patience: WaitPolicy, wait: float, began: float) -> float:
        """When a lookup that *began* then, and waits *wait* seconds at most, has waited enough."""
        if patience is WaitPolicy.NONE:
            return began
        if patience is WaitPolicy.BRIEF:
            return min(self.started, began) + min(wait, BRIEF_WAIT)
        return min(began + wait, self.given_up_at)

    def wait(self, seconds: float) -> None:
        """Block this thread until the refresh has landed, or for *seconds*."""
        with suppress(FutureTimeout):
            self.outcome.result(seconds)

    async def await_(self, seconds: float) -> None:
        """As :meth:`wait`, on whichever event loop is running."""
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(self.outcome), seconds)


class Waiters:
    """Lookups that wait for keys nobody may have: two for one source, four in a process, whose workers are few.

    A kid can be made up, so that without this bound a few tokens of junk would hold every worker at a slow provider.
    Any number may wait for the *grace* of a fetch, its first quarter second: a provider that is well answers in that,
    and a rotation under load turns nobody away.
    """

    grace = 0.25

    _anywhere = 0
    _lock = threading.Lock()  # one for all, held for a few additions

    def __init__(self) -> None:
        self._here = 0

    @property
    def is_full(self) -> bool:
        """Return whether no further one may wait at the moment."""
        return self._here >= _MOST_STRANGERS or Waiters._anywhere >= _MOST_STRANGERS_ANYWHERE

    def enter(self) -> bool:
        """Count one more that waits, unless it is one too many."""
        with Waiters._lock:
            if self.is_full:
                return False
            self._here += 1
            Waiters._anywhere += 1
        return True

    def leave(self) -> None:
        """Count one less."""
        with Waiters._lock:
            self._here -= 1
            Waiters._anywhere -= 1

    @classmethod
    def after_fork(cls) -> None:
        """Forget those who waited in the parent's other threads."""
        cls._anywhere, cls._lock = 0, threading.Lock()
