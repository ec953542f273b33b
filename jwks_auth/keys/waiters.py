"""A limit on the lookups that wait for unknown kids."""

from __future__ import annotations

import os
import threading
from weakref import WeakSet

__all__ = ["Waiters"]

_MOST_HERE = 2
_MOST_ANYWHERE = 4


class Waiters:
    """Counts the lookups that wait for unknown kids: two for each source at most, and four in a process.

    Anybody can make up a kid, so without this limit a few bad tokens would block every worker at a slow provider.
    Any number may wait during the *grace* of a fetch, its first quarter second. A healthy provider answers in that
    time, so that a rotation under load turns no request away.
    """

    grace = 0.25

    _anywhere = 0
    _lock = threading.Lock()  # one lock for all, held for a few additions

    def __init__(self) -> None:
        self._here = 0
        _all.add(self)

    def enter(self) -> bool:
        """Count one more and return ``True``, unless the limit is reached."""
        with Waiters._lock:
            if self._here >= _MOST_HERE or Waiters._anywhere >= _MOST_ANYWHERE:
                return False
            self._here += 1
            Waiters._anywhere += 1
        return True

    def leave(self) -> None:
        """Count one less."""
        with Waiters._lock:
            self._here -= 1
            Waiters._anywhere -= 1


_all: WeakSet[Waiters] = WeakSet()


def _after_fork_in_child() -> None:
    # The waiting threads are the parent's, and the copied lock may be held.
    Waiters._anywhere, Waiters._lock = 0, threading.Lock()
    for waiters in tuple(_all):
        waiters._here = 0


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
