"""Threads: starting one without waiting for it, and giving way to the others."""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Callable

__all__ = ["give_way", "in_background", "start"]


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
