"""The user's own code: its answers, and what its failures become."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import Any

import pytest

from jwks_auth import InvalidTokenError, KeySourceError
from jwks_auth.runtime.callbacks import aask, ask


async def double(value: int) -> int:
    """An async callback."""
    return 2 * value


class Doubler:
    """An object that is called like an async function."""

    async def __call__(self, value: int) -> int:
        """Twice."""
        return 2 * value


def fail(error: Exception) -> Any:
    """A callback that raises."""
    raise error


@pytest.mark.parametrize(
    "callback", [lambda value: 2 * value, double, Doubler(), lambda value: double(value)]
)
def test_any_callback_answers_a_sync_caller(callback: Any) -> None:
    """An async one runs in a loop of its own."""
    assert ask(callback, 2) == 4


@pytest.mark.parametrize(
    "callback", [lambda value: 2 * value, double, Doubler(), lambda value: double(value)]
)
async def test_any_callback_answers_an_async_caller(callback: Any) -> None:
    """Whether it is a function, an object, or hides a coroutine."""
    assert await aask(callback, 2) == 4


async def test_a_sync_callback_never_blocks_the_event_loop() -> None:
    """It runs in another thread."""
    assert await aask(threading.get_ident) != threading.get_ident()


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), OSError(), InvalidTokenError("revoked")])
async def test_a_failure_is_not_the_tokens_fault(error: Exception) -> None:
    """503, with the cause kept; our own errors pass as they are."""
    expected = InvalidTokenError if isinstance(error, InvalidTokenError) else KeySourceError
    with pytest.raises(expected) as caught:
        ask(fail, error)
    assert error in (caught.value, caught.value.__cause__)
    with pytest.raises(expected) as caught:
        await aask(fail, error)
    assert error in (caught.value, caught.value.__cause__)


async def test_an_async_callback_answers_sync_code_inside_a_loop() -> None:
    """As where an async view calls ``verify``: it runs in another loop, with the caller's context."""
    variable: ContextVar[int] = ContextVar("variable", default=1)
    variable.set(5)

    async def read() -> int:
        return variable.get()

    assert ask(read) == 5
