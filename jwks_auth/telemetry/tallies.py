"""Counts that requests leave without waiting, and that OpenTelemetry's readers come for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from threading import Lock

__all__ = ["Attributes", "Key", "Tallies", "Tally"]

Attributes = Mapping[str, str]
Key = tuple[str | None, ...]


class Tally:
    """A count that threads raise without a lock: a step of ``itertools.count`` is one operation.

    To look at it is such a step too, so the looks are taken off again.
    """

    __slots__ = ("_looks", "add")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
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
        self._tallies: dict[Key, Tally] = {}
        self.reset()

    def reset(self) -> None:
        """Begin anew, as a forked process does. Tallies stay where they are."""
        self._lock = Lock()
        for tally in self._tallies.values():
            tally.reset()

    def add(self, key: Key) -> None:
        """Count one more with these values."""
        self.tally(key).add()

    def tally(self, key: Key) -> Tally:
        """Return the count with these values."""
        found = self._tallies.get(key)
        return self._tallies.setdefault(key, Tally()) if found is None else found

    def all(self) -> Iterator[tuple[int, Attributes]]:
        """Yield each count with its attributes."""
        with self._lock:
            found = [(tally.look(), key) for key, tally in [*self._tallies.items()]]
        for counted, key in found:
            if counted:
                yield counted, dict(self.named(key))

    def named(self, key: Key) -> Iterator[tuple[str, str]]:
        """Yield the attributes of *key*."""
        yield from ((name, value) for name, value in zip(self._names, key, strict=True) if value is not None)
