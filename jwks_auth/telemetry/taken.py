"""``Taken``: the callback of an instrument, which notices that an SDK takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from opentelemetry.metrics import CallbackOptions, Observation

from jwks_auth.telemetry.tallies import Attributes

__all__ = ["Taken"]

Callback = Callable[[CallbackOptions], Iterable[Observation]]


class Taken(Sequence[Callback]):
    """The sequence of an instrument's callbacks: one, which observes a *reading*.

    The API's own meters, which do nothing, never look into it; an SDK's has to, when the instrument is created or an
    SDK that is set up later takes its place. *note* is called then, so nobody has to ask in each request.
    """

    def __init__(
        self, reading: Callable[[], Iterable[tuple[float, Attributes]]], note: Callable[[], object]
    ) -> None:
        self._reading, self._note = reading, note

    def __len__(self) -> int:
        return 1

    def __getitem__(self, at: Any) -> Any:
        self._note()
        return (self._observe,)[at]

    def _observe(self, options: CallbackOptions) -> Iterator[Observation]:
        yield from (Observation(value, attributes) for value, attributes in self._reading())
