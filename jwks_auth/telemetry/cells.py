"""Authentications, counted and timed in one step: their durations wait, and are counted as they are recorded.

The SDK takes several microseconds for each measurement, on the thread that makes it. So a request only leaves its
duration here, and the thread that exports does the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from threading import Lock

from jwks_auth.runtime import in_background
from jwks_auth.telemetry.tallies import Attributes, Key, Tally

__all__ = ["MOST_WAITING", "Cell", "Cells"]

MOST_WAITING = 1024
_MOST_KEPT = 16 * MOST_WAITING
_PATIENCE = 1.0


class Cell(deque[float]):
    """The durations that wait of authentications with the same *attributes*, and the number of those that left.

    *brief* are the attributes of the durations. Far more than may wait are kept by no means, whoever hangs: those are
    *dropped*, which counts them all the same.
    """

    __slots__ = ("attributes", "brief", "counted", "dropped")

    def __init__(self, attributes: Attributes, brief: Attributes) -> None:
        super().__init__()
        self.attributes, self.brief, self.counted, self.dropped = attributes, brief, 0, Tally()

    def take(self) -> float | None:
        """Take the oldest duration, ``None`` if other threads took the last."""
        try:
            return self.popleft()
        except IndexError:
            return None


class Cells:
    """The authentications by the values of the attributes *names*; those of the durations are *brief* ones of them.

    Durations wait until a reader comes, or :data:`MOST_WAITING` wait: then :meth:`relieve` has another thread *record*
    them.
    """

    def __init__(
        self,
        record: Callable[[float, Attributes], object],
        names: tuple[str, ...],
        brief: tuple[str, ...],
        *,
        spawn: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        self._record, self._names, self._brief, self._spawn = record, names, brief, spawn
        self._cells: dict[Key, Cell] = {}
        self.reset()

    def reset(self) -> None:
        """Begin to count anew, as a forked process does: what waits is its parent's. Cells stay where they are."""
        self._lock, self._looking, self._is_asked = Lock(), Lock(), False
        for cell in self._cells.values():
            cell.clear()
            cell.counted = 0
            cell.dropped.reset()

    def cell(self, key: Key) -> Cell:
        """Return the cell for these values, ``None`` for one that is left out."""
        found = self._cells.get(key)
        if found is None:
            named = {name: each for name, each in zip(self._names, key, strict=True) if each is not None}
            brief = {name: each for name, each in named.items() if name in self._brief}
            found = self._cells.setdefault(key, Cell(named, brief))
        return found

    def add(self, key: Key, seconds: float) -> None:
        """Leave a duration. Never waits."""
        cell = self.cell(key)
        cell.append(seconds)
        if len(cell) >= MOST_WAITING:
            self.relieve(cell)

    def relieve(self, cell: Cell) -> None:
        """Have another thread record all that wait, unless one was asked to; if it lags, drop one of *cell*."""
        if len(cell) > _MOST_KEPT and cell.take() is not None:
            cell.dropped.add()
        if self._is_asked:
            return
        self._is_asked = True
        try:
            self._spawn(self.hand_over)
        except RuntimeError:  # no more threads, or the interpreter is shutting down
            self._leave(lambda seconds, attributes: None, 0)

    def hand_over(self, patience: float = 0) -> None:
        """Record all that wait now, unless another thread does for longer than *patience*."""
        self._leave(self._record, patience)

    def all(self) -> Iterator[tuple[int, Attributes]]:
        """Yield each count with its attributes; a reader has come, so what is recorded now it reads now."""
        self.hand_over(_PATIENCE)
        with self._looking:  # not the lock of the records, which may hang
            found = [
                (cell.counted + cell.dropped.look(), cell.attributes) for cell in [*self._cells.values()]
            ]
        yield from ((counted, attributes) for counted, attributes in found if counted)

    def _leave(self, record: Callable[[float, Attributes], object], patience: float) -> None:
        if not self._lock.acquire(timeout=patience):
            return
        try:
            for cell in [*self._cells.values()]:
                for _ in range(len(cell)):
                    if (seconds := cell.take()) is None:
                        break
                    cell.counted += 1
                    record(seconds, cell.brief)
        finally:
            self._lock.release()
            self._is_asked = (
                False  # last: a thread that is asked now finds the lock free, or held by one who ends so
            )
