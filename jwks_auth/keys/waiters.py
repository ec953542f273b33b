"""A limit on lookups that wait for keys nobody may have."""

from __future__ import annotations

import os
import threading
from weakref import WeakSet

__all__ = ["Waiters"]

_MOST_HERE = 2
_MOST_ANYWHERE = 4


class Waiters:
    """Counts lookups that wait for unknown kids: two for one source, four in a process, whose workers are few.

    A kid can be made up, so that without this bound a few tokens of junk would hold every worker at a slow provider.
    Any number may wait for the *grace* of a fetch, its first quarter second: a provider that is well answers in that,
    and a rotation under load turns nobody away.
    """

    grace = 0.25

    _anywhere = 0
    _lock = threading.Lock()  # one for all, held for a few additions

    def __init__(self) -> None:
        self._here = 0
        _all.add(self)

    def enter(self) -> bool:
        """Count one more, unless it is one too many."""
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
    # Those who waited did so in the parent's other threads, and the lock may have been copied while it was held.
    Waiters._anywhere, Waiters._lock = 0, threading.Lock()
    for waiters in tuple(_all):
        waiters._here = 0


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
