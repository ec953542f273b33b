"""Standstills of this process, as AWS Lambda and Cloud Run cause them between requests."""

from __future__ import annotations

import _thread
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from typing import Any

from jwks_auth.runtime.clock import elapsed

__all__ = ["Heartbeat", "heartbeat_during"]

_PERIOD = 0.25
_LONGEST_GAP = 2.0
"""Seconds between two beats that are more than a busy machine."""


class Heartbeat:
    """The time noted again and again during *work*: a gap shows that the process stood still, and calls *alarm*."""

    def __init__(
        self, work: Future[Any], alarm: Callable[[], object], clock: Callable[[], float] = elapsed
    ) -> None:
        self._work, self._alarm, self._clock = work, alarm, clock
        self._last = clock()
        self._gap = False

    def stopped(self) -> bool:
        """Return whether the process stood still since the work began."""
        # In this order: a beat notes the gap before it closes it.
        return self._clock() - self._last > _LONGEST_GAP or self._gap

    def run(self) -> None:
        """Beat until the work is done."""
        while not self._work.done():
            self._beat()
            with suppress(FutureTimeout):
                self._work.result(_PERIOD)

    def _beat(self) -> None:
        news = not self._gap and self.stopped()
        self._gap = self._gap or news
        self._last = self._clock()
        if news:
            self._alarm()


def heartbeat_during(work: Future[Any], alarm: Callable[[], object]) -> Callable[[], bool]:
    """Return a function that tells whether the process stood still during *work*; *alarm* is called when it did.

    If no thread can be started it never did.
    """
    heartbeat = Heartbeat(work, alarm)
    try:
        _thread.start_new_thread(heartbeat.run, ())
    except RuntimeError:
        return lambda: False
    return heartbeat.stopped
