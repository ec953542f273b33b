"""``Observer``: the one who counts and times the fetches of a source, if anybody does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

__all__ = ["Observer", "observed"]

ResultT = TypeVar("ResultT")


class Observer(Protocol):
    """Sees the fetches for one issuer. None of its methods raises an error of its own."""

    def started(self) -> None:
        """Note, in the thread that started it, that a refresh begins."""

    def joined(self) -> None:
        """Note, in the thread that waits, that a lookup waits for the refresh in progress."""

    def served_stale(self) -> None:
        """Note that a key past its lifespan was used."""

    def fetching(self, kind: str) -> AbstractContextManager[object]:
        """Return a context in which something of this *kind* is fetched."""

    def asking(self, ask: Callable[[], ResultT]) -> Callable[[], ResultT]:
        """Return *ask*, a question about a token of this request, to be called in a thread of its own."""


_UNSEEN: AbstractContextManager[object] = nullcontext()


def observed(observer: Observer | None, kind: str) -> AbstractContextManager[object]:
    """Return a context in which something of this *kind* is fetched, whether or not anybody observes it."""
    return _UNSEEN if observer is None else observer.fetching(kind)
