"""One call of the tenants' callback, which all who need its answer share."""

from __future__ import annotations

import os
from concurrent.futures import Future
from contextlib import suppress
from copy import copy
from typing import Generic, TypeVar

from jwks_auth.errors import KeySourceError, Refused
from jwks_auth.runtime import elapsed

__all__ = ["Inquiry"]

AnswerT = TypeVar("AnswerT")

_LAPSE = 30.0  # seconds after which a call without an answer is repeated


class Inquiry(Generic[AnswerT]):
    """One call of the callback in progress, and its outcome."""

    def __init__(self) -> None:
        self._outcome: Future[AnswerT | Refused | None] = Future()
        self._outcome.set_running_or_notify_cancel()  # so that a cancelled waiter does not cancel it for the others
        self._began, self._process = elapsed(), os.getpid()

    @property
    def is_lost(self) -> bool:
        """Return whether it may never end: it hangs, its event loop is closed, or its thread is a parent process's."""
        return self._process != os.getpid() or elapsed() - self._began > _LAPSE

    def settle(self, outcome: AnswerT | Refused | None) -> None:
        """End it with *outcome*, unless it has ended; ``None`` means that it was given up."""
        if not self._outcome.done():
            self._outcome.set_result(outcome)

    def wait(self, seconds: float) -> None:
        """Block this thread until it has ended, or for *seconds*."""
        with suppress(TimeoutError):
            self._outcome.result(seconds)

    async def await_(self, seconds: float) -> None:
        """Do as :meth:`wait`, on whichever event loop is running."""
        import asyncio  # which only async services load

        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(self._outcome), seconds)

    def answer(self) -> AnswerT | None:
        """Return the tenant, or ``None`` if the callback must be called again; raise the error that it ended with."""
        if not self._outcome.done():
            raise KeySourceError("tenants: the callback takes too long", kind="callback")
        outcome = self._outcome.result()
        if isinstance(outcome, Refused):  # a new error each time, as raising one again grows its traceback
            raise copy(outcome) from outcome.__cause__
        return outcome
