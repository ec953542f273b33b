"""Calls that may hang."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable

import pytest

from jwks_auth.runtime.threads import BoundedCalls


def test_a_call_gives_its_result_or_its_error() -> None:
    """As if it had been made here."""
    calls = BoundedCalls()
    assert calls.result(lambda: 7, 10) == 7
    with pytest.raises(ZeroDivisionError):
        calls.result(lambda: 1 / 0, 10)


def test_while_two_calls_hang_no_other_is_made() -> None:
    """One that ends in time after all makes room."""
    held: list[Callable[[], None]] = []
    calls = BoundedCalls(held.append)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            calls.result(lambda: 7, 0.001)
    assert len(held) == 2
    assert not calls.may_start()
    held.pop()()
    assert calls.may_start()


def test_a_call_that_runs_out_of_time_by_itself_does_not_hang() -> None:
    """Its own ``TimeoutError`` is an answer."""

    def timed_out() -> None:
        raise TimeoutError("its own")

    calls = BoundedCalls(lambda run: run())
    for _ in range(3):
        with pytest.raises(TimeoutError, match="its own"):
            calls.result(timed_out, 10)


def test_nothing_hangs_in_a_forked_child() -> None:
    """The threads that hang are the parent's, and would never end here: the store would be out for good."""
    calls = BoundedCalls(lambda run: None)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            calls.result(lambda: 7, 0.001)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking while threads run
        child = os.fork()
    if child == 0:
        os._exit(0 if calls.may_start() and calls.may_start() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not calls.may_start()
