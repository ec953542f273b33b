"""Calls that may hang."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jwks_auth.calls import BoundedCalls


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
