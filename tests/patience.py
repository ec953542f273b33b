"""Time in tests. What is awaited is a condition, and a minute passes before it is given up: some machines are slow.

Nowhere else in the tests is there a sleep or a stopwatch, and ``tests/test_suite.py`` sees to it. A duration that
matters is compared with one of the same moment (:func:`cost`), or it is a benchmark's.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, TypeVar

__all__ = ["PATIENCE", "calls", "cost", "eventually", "soon", "stand_still", "waiting_in"]

ResultT = TypeVar("ResultT")

PATIENCE = 60.0
"""Seconds for which a condition is awaited, a process or a thread to end, an answer to come."""


def eventually(happened: Callable[[], bool]) -> bool:
    """Whether *happened* comes true; false after a minute."""
    deadline = time.monotonic() + PATIENCE
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.005)
    return happened()


def soon(run: Callable[[], ResultT], *, at_least: float = 0.0) -> ResultT:
    """The result of *run*, which takes *at_least* so many seconds, and not the minutes without a bound."""
    started = time.monotonic()
    try:
        return run()
    finally:
        took = time.monotonic() - started
        assert at_least <= took < PATIENCE, f"it took {took} seconds"


def stand_still(seconds: float) -> None:
    """Let real time pass while a process under test is frozen."""
    time.sleep(seconds)


def cost(run: Callable[[], object]) -> float:
    """The seconds of a processor that *run* takes, at best of three; to be compared with those of something alike."""

    def once() -> float:
        started = time.thread_time()
        run()
        return time.thread_time() - started

    return min(once() for _ in range(3))


def waiting_in(function: Callable[..., Any]) -> int:
    """How many threads are in *function* now, or in what it calls."""
    frames = sys._current_frames().values()
    return sum(_is_in(function.__code__, frame) for frame in frames)


def _is_in(code: CodeType, frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame is not None


@contextmanager
def calls() -> Iterator[set[CodeType]]:
    """All functions that are called in this thread while the block lasts."""
    seen: set[CodeType] = set()

    def note(frame: FrameType, event: str, arg: object) -> None:
        if event == "call":
            seen.add(frame.f_code)

    sys.setprofile(note)
    try:
        yield seen
    finally:
        sys.setprofile(None)
