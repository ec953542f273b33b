"""Calls that may hang: to a store, for a name lookup, on a connection of the caller's that we can't close."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from jwks_auth.runtime.threads import in_background

__all__ = ["BoundedCalls"]

ResultT = TypeVar("ResultT")

_MOST_HANGING = 2


class BoundedCalls:
    """Makes each call in a thread of its own and waits for a limited time. While two calls hang, it makes no other."""

    def __init__(self, spawn: Callable[[Callable[[], None]], None] = in_background) -> None:
        self._spawn = spawn
        self._given_up: tuple[tuple[int, Future[Any]], ...] = ()

    def may_start(self) -> bool:
        """Return whether fewer than two calls hang."""
        self._given_up = tuple(filter(_hangs, self._given_up))
        return len(self._given_up) < _MOST_HANGING

    def result(self, call: Callable[[], ResultT], seconds: float) -> ResultT:
        """Return or raise what *call* does; ``TimeoutError`` after *seconds*, or at once while two other calls hang."""
        if not self.may_start():
            raise TimeoutError
        future: Future[ResultT] = Future()
        self._spawn(partial(_complete, future, call))
        try:
            return future.result(seconds)
        except TimeoutError:
            self._given_up = (*self._given_up, (os.getpid(), future))
            raise


def _hangs(given_up: tuple[int, Future[Any]]) -> bool:
    process, future = given_up
    return process == os.getpid() and not future.done()  # a forked child has none of its parent's threads


def _complete(future: Future[ResultT], call: Callable[[], ResultT]) -> None:
    try:
        future.set_result(call())
    except Exception as exc:  # noqa: BLE001 - handed on to whoever waits
        future.set_exception(exc)
