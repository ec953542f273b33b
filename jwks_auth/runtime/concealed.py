"""Credentials, kept out of error reports.

Error trackers and debug pages print the locals of each frame on the stack, and of each frame that an exception or one
of its causes came through: strings, sequences and mappings as they are, everything else by its ``repr``. So a
credential travels inside a :class:`RawToken`, and what reads it leaves no frame behind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn, Self, TypeVar

__all__ = ["Concealed", "Place", "RawToken", "forget_frames"]

ResultT = TypeVar("ResultT")


class Concealed:
    """The base of objects that hold a credential: ``repr`` shows the type alone, a copy is the object, none pickles."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__}: what holds a credential is never pickled")


class Place(NamedTuple):
    """A place in a request: the *issuers* whose tokens may stand there, and whether it is one of the service's own."""

    issuers: frozenset[str]
    is_shared: bool
    is_cookie: bool


class RawToken(Concealed):
    """A token as it was sent: only :meth:`read` shows its text. Tokens of the same text are equal.

    *place* tells whose tokens may stand where it was sent; ``None``: everybody's.
    """

    __slots__ = ("_sent", "place")

    def __init__(self, sent: Any, place: Place | None = None) -> None:
        self._sent, self.place = sent, place

    @classmethod
    def of(cls, raw: Any) -> RawToken:
        """Return *raw* as a ``RawToken``. The caller deletes its own reference to the text."""
        return raw if isinstance(raw, RawToken) else cls(raw)

    def read(self, reader: Callable[[Any], ResultT]) -> ResultT:
        """Return what *reader* makes of the text. An exception keeps none of the frames that saw the text."""
        try:
            return reader(self._sent)
        except BaseException as error:
            forget_frames(error)
            raise

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RawToken) and bool(self._sent == other._sent)

    def __hash__(self) -> int:
        return hash(self._sent)


def forget_frames(error: BaseException) -> None:
    """Drop the traceback, context and cause of *error*; of a ``ValueError`` that caused it, keep the text.

    Call it in an ``except`` clause that raises *error* again. The cause goes because a ``UnicodeError`` or
    ``JSONDecodeError`` holds the input that it could not read.
    """
    cause = error.__cause__
    error.__traceback__ = error.__context__ = None
    error.__cause__ = ValueError(str(cause)) if isinstance(cause, ValueError) else None
