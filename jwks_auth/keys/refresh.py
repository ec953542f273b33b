"""One refresh, and the threads and event loops that wait for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress

from jwks_auth.errors import KeySourceError
from jwks_auth.keys.failures import Deferred
from jwks_auth.keys.freshness import BRIEF_WAIT, RefreshReason, WaitPolicy

__all__ = ["GRACE", "Refresh"]

GRACE = 1.0
"""Seconds past its deadline after which a refresh is given up."""


class Refresh:
    """One refresh, owned by the source. Callers wait for it, and may stop waiting without ending it."""

    def __init__(
        self,
        reason: RefreshReason,
        started: float,
        timeout: float,
        *,
        kid: str | None = None,
        behind: bool = False,
    ) -> None:
        self.reason, self.kid, self.behind = reason, kid, behind
        self.started = started
        self.deadline = started + timeout
        self.given_up_at = self.deadline + GRACE
        self.ended = False
        """True if its thread has ended."""
        self.outcome: Future[KeySourceError | None] = Future()
        """The failure as a result, not an exception; ``None`` for success."""
        # A running future can't be cancelled, so it survives an async waiter that is cancelled.
        self.outcome.set_running_or_notify_cancel()
        self.stopped: Callable[[], bool] = bool
        """Tells whether the process stood still during the refresh."""

    @property
    def succeeded(self) -> bool:
        """True if it has brought keys."""
        return self.outcome.done() and self.outcome.result() is None

    @property
    def deferred(self) -> bool:
        """True if it ended without an answer and without a failure."""
        return self.outcome.done() and isinstance(self.outcome.result(), Deferred)

    def lost(self, now: float) -> bool:
        """Return whether it is given up: it hangs past its deadline, or a standstill of the process has cut it off."""
        return now >= self.given_up_at or self.stopped()

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
        import asyncio  # which only async services load

        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(self.outcome), seconds)
