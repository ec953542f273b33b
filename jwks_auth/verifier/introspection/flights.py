"""Questions on their way to an issuer: one for each token, a few at once, none while the issuer needs a rest."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from copy import copy
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from jwks_auth.challenge import fields
from jwks_auth.errors import KeySourceError
from jwks_auth.runtime import in_background

__all__ = ["Flight", "Flights"]

log = logging.getLogger("jwks_auth")

AnswerT = TypeVar("AnswerT")

_MOST = 16
_FOR_KNOWN = 4  # of these, for tokens that were active before: junk can't take them all
_FIRST_REST, _LONGEST_REST = 0.5, 30.0
_NO_REST_AFTER = frozenset({"introspection", "busy"})
"""Kinds of errors that concern one answer, not the issuer."""


class Flight(Generic[AnswerT]):
    """One question, and its answer for all who wait for it."""

    def __init__(self) -> None:
        self._outcome: Future[AnswerT | KeySourceError] = Future()
        self._outcome.set_running_or_notify_cancel()  # a waiter that is cancelled does not cancel it for the others

    def land(self, outcome: AnswerT | KeySourceError) -> None:
        """End it with an answer or an error."""
        self._outcome.set_result(outcome)

    def result(self, seconds: float) -> AnswerT:
        """Return the answer, after *seconds* at most; raise ``KeySourceError``."""
        with suppress(TimeoutError):
            self._outcome.result(seconds)
        return self._answer()

    async def aresult(self, seconds: float) -> AnswerT:
        """Do as :meth:`result`, on whichever event loop is running."""
        import asyncio

        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(self._outcome), seconds)
        return self._answer()

    def _answer(self) -> AnswerT:
        if not self._outcome.done():
            raise KeySourceError("introspection: the issuer takes too long", kind="timeout")
        outcome = self._outcome.result()
        if isinstance(
            outcome, KeySourceError
        ):  # a new error each time: raising one again grows its traceback
            raise copy(outcome) from outcome.__cause__
        return outcome


class Flights(Generic[AnswerT]):
    """The questions to one issuer: sixteen at once, of which four are for tokens that were active before.

    After a failure the issuer rests: half a second, then twice as long each time, or as long as it asks for. A forked
    child begins with none, because it has none of its parent's threads.
    """

    def __init__(
        self, clock: Callable[[], float], spawn: Callable[[Callable[[], None]], None] = in_background
    ) -> None:
        self._clock, self._spawn = clock, spawn
        self._failures, self._rested_at = 0, 0.0
        self.reset()
        _all.add(self)

    def reset(self) -> None:
        """Forget all that is on its way."""
        self._lock, self._running = Lock(), 0
        self._by_digest: dict[bytes, Flight[AnswerT]] = {}

    def join(
        self,
        digest: bytes,
        ask: Callable[[], AnswerT],
        keep: Callable[[AnswerT], object],
        *,
        is_known: bool,
    ) -> Flight[AnswerT]:
        """Return the question about this token, which is asked now unless it is on its way already.

        *keep* is called with the answer, unless the token was forgotten meanwhile. Raises ``KeySourceError`` for one
        question too many, or while the issuer rests.
        """
        with self._lock:
            flight = self._by_digest.get(digest)
            if flight is not None:
                return flight
            self._check_rest()
            if self._running >= (_MOST if is_known else _MOST - _FOR_KNOWN):
                raise KeySourceError("introspection: too many questions at once", kind="busy")
            flight = self._by_digest[digest] = Flight()
            self._running += 1
        try:
            self._spawn(lambda: self._fly(digest, flight, ask, keep))
        except RuntimeError:  # no more threads, or the interpreter is shutting down
            self._end(digest, flight)
            flight.land(KeySourceError("introspection: no thread could be started", kind="busy"))
        return flight

    def forget(self, digest: bytes) -> None:
        """Have the next request ask again, whatever is on its way."""
        with self._lock:
            self._by_digest.pop(digest, None)

    def _fly(
        self,
        digest: bytes,
        flight: Flight[AnswerT],
        ask: Callable[[], AnswerT],
        keep: Callable[[AnswerT], object],
    ) -> None:
        outcome: AnswerT | KeySourceError
        try:
            outcome = ask()
        except KeySourceError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 - whoever waits needs an answer
            # As text: an error report with the frames themselves would show what was sent.
            told = "".join(traceback.format_exception(error))
            log.error(
                "an introspection failed unexpectedly:\n%s",
                told,
                extra=fields("introspection_failed", kind="internal"),
            )
            outcome = KeySourceError("introspection: it failed unexpectedly", kind="internal")
        self._note(outcome)
        if self._end(digest, flight) and not isinstance(outcome, KeySourceError):
            keep(outcome)
        flight.land(outcome)

    def _end(self, digest: bytes, flight: Flight[AnswerT]) -> bool:
        """Return whether the answer still counts."""
        with self._lock:
            self._running = max(0, self._running - 1)
            counts = self._by_digest.get(digest) is flight
            if counts:
                del self._by_digest[digest]
            return counts

    def _note(self, outcome: AnswerT | KeySourceError) -> None:
        with self._lock:
            if not isinstance(outcome, KeySourceError):
                self._failures = 0
            elif outcome.kind not in _NO_REST_AFTER:
                rest = min(_LONGEST_REST, _FIRST_REST * 2 ** min(self._failures, 10))
                self._failures += 1
                asked = getattr(outcome, "retry_after", 0.0) if _asks_for_rest(outcome) else 0.0
                self._rested_at = self._clock() + min(_LONGEST_REST, max(rest, asked))

    def _check_rest(self) -> None:
        left = self._rested_at - self._clock()
        if self._failures and 0 < left <= _LONGEST_REST:  # more: the clock was set back
            raise KeySourceError("introspection: the issuer failed just now", kind="busy", retry_after=left)


def _asks_for_rest(error: KeySourceError) -> bool:
    return getattr(error, "http_status", None) in (429, 503)


_all: WeakSet[Flights[Any]] = WeakSet()


def _after_fork_in_child() -> None:
    for flights in tuple(_all):
        flights.reset()


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
