"""Counts and durations that requests leave without waiting, and that OpenTelemetry's readers come for.

The SDK takes several microseconds for each measurement, on the thread that makes it. So a request only counts here, and
the thread that exports does the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from threading import Lock
from typing import Any

from jwks_auth.runtime import in_background

__all__ = ["Attributes", "Durations", "Tallies"]

Attributes = Mapping[str, str]
Key = tuple[str | None, ...]

_MOST_WAITING = 4096


class _Tally:
    """A count that threads raise without a lock: a step of ``itertools.count`` is one operation.

    To look at it is such a step too, so the looks are taken off again.
    """

    __slots__ = ("_looks", "add")

    def __init__(self) -> None:
        self.add = count().__next__
        self._looks = 0

    def look(self) -> int:
        """Return the count; one thread at a time may look."""
        found = self.add() - self._looks
        self._looks += 1
        return found


class Tallies:
    """Counts by the values of the attributes *names*, ``None`` for one that is left out."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self.reset()

    def reset(self) -> None:
        """Begin anew, as a forked process does."""
        self._lock = Lock()
        self._tallies: dict[Key, _Tally] = {}

    def add(self, key: Key) -> None:
        """Count one more with these values."""
        self.tally(key)()

    def tally(self, key: Key) -> Callable[[], int]:
        """Return the function that counts one more with these values."""
        found = self._tallies.get(key)
        return (self._tallies.setdefault(key, _Tally()) if found is None else found).add

    def all(self) -> Iterator[tuple[int, Attributes]]:
        """Yield each count with its attributes."""
        with self._lock:
            found = [(tally.look(), key) for key, tally in [*self._tallies.items()]]
        for counted, key in found:
            yield counted, dict(self.named(key))

    def named(self, key: Key) -> Iterator[tuple[str, str]]:
        """Yield the attributes of *key*."""
        yield from ((name, value) for name, value in zip(self._names, key, strict=True) if value is not None)


class Durations:
    """Seconds that wait to be recorded with *record*: until a reader comes, or a few thousand wait."""

    def __init__(
        self,
        record: Callable[[float, Any], object],
        *,
        most: int = _MOST_WAITING,
        spawn: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        self._record, self._most, self._spawn = record, most, spawn
        self.reset()

    def reset(self) -> None:
        """Forget what waits: it is the parent's, where this is a forked process."""
        self._waiting: deque[tuple[float, Attributes]] = deque()
        self._lock = Lock()

    def add(self, seconds: float, attributes: Attributes) -> None:
        """Leave a duration. Never waits."""
        waiting = self._waiting
        waiting.append((seconds, attributes))
        if len(waiting) >= self._most and not self._lock.locked():
            try:
                self._spawn(self.hand_over)
            except RuntimeError:  # no more threads, or the interpreter is shutting down
                waiting.clear()

    def hand_over(self) -> None:
        """Record all that wait, unless another thread does."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            while self._waiting:
                self._record(*self._waiting.popleft())
        finally:
            self._lock.release()
