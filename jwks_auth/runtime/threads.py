"""NEW"""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Callable

__all__ = ["give_way", "in_background", "start"]


def give_way() -> None:
    """Let the other threads go on, which otherwise wait up to 5 ms for the interpreter's lock, time and again."""
    # More than 0: a thread that comes back at once takes the lock before the one it was meant for wakes up.
    time.sleep(0.00005)


def in_background(run: Callable[[], None]) -> None:
    """Run *run* in a thread of its own that keeps no interpreter alive. Does not wait for it to begin."""
    thread = threading.Thread(target=run, name="jwks-auth-fetch", daemon=True)
    # Thread.start waits until the thread runs, which takes milliseconds where all cores are busy; so another one waits.
    _thread.start_new_thread(start, (thread,))


def start(thread: threading.Thread) -> None:
    """Start *thread*; where there can be no more, do its work here."""
    try:
        thread.start()
    except RuntimeError:
        thread.run()
