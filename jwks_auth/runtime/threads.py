"""Threads: starting one without waiting for it, giving way to the others, and waiting a limited time for a call.

Calls to a store, for a name lookup, or on a connection of the caller's that we can't close may hang.
"""

from __future__ import annotations

import _thread
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

__all__ = ["BoundedCalls", "give_way", "in_background", "start"]

ResultT = TypeVar("ResultT")

_MOST_HANGING = 2


def give_way() -> None:
    """Let the other threads run; without this each waits up to 5 ms for the interpreter's lock, again and again."""
    # More than 0: a thread that returns at once takes the lock again before a waiting thread wakes up.
    time.sleep(0.00005)


def in_background(run: Callable[[], None]) -> None:
    """Run *run* in a daemon thread of its own. Returns at once, before the thread begins."""
    thread = threading.Thread(target=run, name="jwks-auth-fetch", daemon=True)
    # Thread.start waits until the thread runs: milliseconds on a busy machine. So a second thread does that waiting.
    _thread.start_new_thread(start, (thread,))


def start(thread: threading.Thread) -> None:
    """Start *thread*; if the process can have no more threads, do its work in this one."""
    try:
        thread.start()
    except RuntimeError:
        thread.run()


class BoundedCalls:
    """Makes each call in a thread of its own and waits for a limited time. While two calls hang, it makes no other."""

    def __init__(self, spawn: Callable[[Callable[[], None]], None] = in_background) -> None:
        self._spawn = spawn
        self._given_up: tuple[tuple[int, Future[Any]], ...] = ()

    def may_start(self) -> bool:
        """Return whether fewer than two calls hang."""
        self._given_up = tuple(filter(_hangs, self._given_up))
        return len(self._given_up) < _MOST_HANGING

    def result(self, call: Callable[[], ResultT], seconds: float) -> ResultT:
        """Return or raise what *call* does; ``TimeoutError`` after *seconds*, or at once while two other calls hang."""
        if not self.may_start():
            raise TimeoutError
        future: Future[ResultT] = Future()
        self._spawn(partial(_complete, future, call))
        try:
            return future.result(seconds)
        except TimeoutError:
            self._given_up = (*self._given_up, (os.getpid(), future))
            raise


def _hangs(given_up: tuple[int, Future[Any]]) -> bool:
    process, future = given_up
    return process == os.getpid() and not future.done()  # a forked child has none of its parent's threads


def _complete(future: Future[ResultT], call: Callable[[], ResultT]) -> None:
    try:
        future.set_result(call())
    except Exception as exc:  # noqa: BLE001 - handed on to whoever waits
        future.set_exception(exc)
