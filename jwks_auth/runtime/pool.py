"""``DaemonPool``: a few threads that stay, for short calls which may hang."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

__all__ = ["DaemonPool"]

ResultT = TypeVar("ResultT")


class DaemonPool:
    """At most *size* threads, begun as they are needed; the interpreter's exit waits for none of them.

    A call that hangs keeps its thread. Once all hang, further calls wait in line until their callers give up. A forked
    child has threads of its own.
    """

    def __init__(self, size: int = 8) -> None:
        self._size = size
        self._renew()

    def submit(self, call: Callable[[], ResultT]) -> Future[ResultT]:
        """Begin *call* in one of the threads, and return its future; one that is cancelled before is not begun."""
        if self._process != os.getpid():
            self._renew()
        future: Future[ResultT] = Future()
        self._calls.put((future, call))
        with self._lock:
            self._waiting += 1
            short = self._waiting > self._idle and self._threads < self._size
            self._threads += short
        if short:
            self._begin()
        return future

    def _begin(self) -> None:
        thread = threading.Thread(target=self._run, args=(self._calls,), name="jwks-auth-store", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the process can have no more threads, and the others do the work
            with self._lock:
                self._threads -= 1

    def _renew(self) -> None:
        self._process = os.getpid()
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = self._idle = self._waiting = 0

    def _run(self, calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]]) -> None:
        while True:
            with self._lock:
                self._idle += 1
            future, call = calls.get()
            with self._lock:
                self._idle -= 1
                self._waiting -= 1
            if future.set_running_or_notify_cancel():
                _complete(future, call)
            del future, call  # they hold what was asked


def _complete(future: Future[Any], call: Callable[[], Any]) -> None:
    try:
        result = call()
    except BaseException as exc:  # noqa: BLE001 - handed on to whoever waits
        future.set_exception(exc)
    else:
        future.set_result(result)
