"""Verdicts of an introspection that are kept for a while, by the digest of the token, which is not kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock
from weakref import WeakSet

from jwks_auth.verifier.introspection.verdicts import Active, Refusal

__all__ = ["Kept"]

_MOST_ACTIVE = 10_000
_MOST_REFUSED = 2_000
_REFUSED_FOR = 5.0


class Kept:
    """The verdicts on the tokens seen last: active ones for *seconds*, refused ones for five, each in its own place.

    Junk is never active, so no amount of it drops an active token. Readers take no lock.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds, self._clock = seconds, clock
        self.active: dict[bytes, Active] = {}
        """What was said of tokens that were active when they were asked about last, by digest."""
        self._refused: dict[bytes, Refusal] = {}
        self._lock = Lock()
        _all.add(self)

    def recall(self, digest: bytes) -> Active | Refusal | None:
        """Return the verdict on a token, if it is young enough."""
        now = self._clock()
        if (active := self.active_at(digest, now)) is not None:
            return active
        refused = self._refused.get(digest)
        return refused if refused is not None and 0 <= now - refused.at < _REFUSED_FOR else None

    def active_at(self, digest: bytes, now: float) -> Active | None:
        """Return the verdict on a token that is active, if it is young enough *now*."""
        active = self.active.get(digest)
        if active is not None and 0 <= now - active.at < self._seconds:  # below 0: the clock was set back
            return active
        return None

    def was_active(self, digest: bytes) -> bool:
        """Return whether the token was active when it was asked about last, however long ago."""
        return digest in self.active

    def keep(self, digest: bytes, verdict: Active | Refusal) -> None:
        """Keep a new verdict, in place of the one before."""
        with self._lock:
            self._drop(digest)
            if isinstance(verdict, Active):
                self.active[digest] = verdict  # without lifespan too: that it was active counts
                while len(self.active) > _MOST_ACTIVE:
                    del self.active[next(iter(self.active))]
            else:
                self._refused[digest] = verdict
                while len(self._refused) > _MOST_REFUSED:
                    del self._refused[next(iter(self._refused))]

    def forget(self, digest: bytes) -> None:
        """Drop the verdict on a token."""
        with self._lock:
            self._drop(digest)

    def _drop(self, digest: bytes) -> None:
        self.active.pop(digest, None)
        self._refused.pop(digest, None)

    def renew_lock(self) -> None:
        """Take a new lock: a thread that a forked child lacks may hold the one copied."""
        self._lock = Lock()


_all: WeakSet[Kept] = WeakSet()


def _after_fork_in_child() -> None:
    for kept in tuple(_all):
        kept.renew_lock()


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
