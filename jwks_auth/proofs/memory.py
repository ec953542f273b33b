"""``MemoryReplay``: the proofs that one process has seen, in a space that never grows."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from weakref import WeakSet

from jwks_auth.errors import KeySourceError

__all__ = ["MOST", "MemoryReplay"]

MOST = 400_000
"""The most names in both generations; they take some 60 MB."""

_Generation = dict[str, set[str]]


class MemoryReplay:
    """Remembers names in two generations of *most* / 2, for *seconds* at least: the longest that one has to be kept.

    What a name has before its dot is its owner, who may hold a quarter of all, so that one client can't fill it.
    *clock* gives seconds since 1970, as the times in proofs are.
    """

    def __init__(
        self, seconds: float = 90, *, most: int = MOST, clock: Callable[[], float] = time.time
    ) -> None:
        self._seconds, self._most, self._clock = seconds, most, clock
        self._lock = threading.Lock()
        self._young: _Generation = {}
        self._old: _Generation = {}
        self._count = 0
        self._until = clock() + seconds
        _all.add(self)

    def first(self, name: str, ttl: float) -> bool:
        """Return whether *name* is used for the first time; raise ``KeySourceError`` where there is no room for it."""
        owner, _, rest = name.partition(".")
        with self._lock:
            self._turn(ttl)
            young, old = self._young.get(owner, _NOTHING), self._old.get(owner, _NOTHING)
            if rest in young or rest in old:
                return False
            if self._count >= self._most // 2 or len(young) + len(old) >= self._most // 4:
                raise KeySourceError("too many proofs in a short time", kind="replay_full")
            self._young.setdefault(owner, set()).add(rest)
            self._count += 1
            return True

    def __len__(self) -> int:
        return sum(map(len, self._young.values())) + sum(map(len, self._old.values()))

    def _turn(self, ttl: float) -> None:
        """Forget the older generation, once all names in it may be used again."""
        now = self._clock()
        self._seconds = max(self._seconds, ttl)
        if now < self._until:
            return
        stale = now >= self._until + self._seconds
        self._old = {} if stale else self._young
        self._young, self._count = {}, 0
        self._until = now + self._seconds


_NOTHING: frozenset[str] = frozenset()
_all: WeakSet[MemoryReplay] = WeakSet()


def _after_fork_in_child() -> None:
    for memory in _all:
        memory._lock = threading.Lock()  # a thread that the child lacks may have held it


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
