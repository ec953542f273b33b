"""Calls into the user's own code. Its failures are the service's: 503, never a verdict on the token."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from jwks_auth.errors import KeySourceError, Refused

__all__ = ["aask", "ask"]


def ask(callback: Callable[..., Any], *args: Any) -> Any:
    """The callback's answer, whether it is sync or async.

    Raises ``AuthError`` and ``KeySourceError`` as they are, anything else as ``KeySourceError``.
    """
    try:
        answer = callback(*args)
        return _wait_for(answer) if inspect.isawaitable(answer) else answer
    except Refused:
        raise
    except Exception as exc:
        raise _failure() from exc


async def aask(callback: Callable[..., Any], *args: Any) -> Any:
    """As :func:`ask`; an async callback is awaited, any other runs in a worker thread."""
    try:
        answer = callback(*args) if _is_async(callback) else await asyncio.to_thread(callback, *args)
        return await answer if inspect.isawaitable(answer) else answer
    except Refused:
        raise
    except Exception as exc:
        raise _failure() from exc


def _is_async(callback: Callable[..., Any]) -> bool:
    # Of an object with an async __call__ only the method says so.
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(
        getattr(callback, "__call__", None)  # noqa: B004
    )


def _wait_for(answer: Awaitable[Any]) -> Any:
    async def result() -> Any:
        return await answer

    # In a loop and a thread of its own, because this thread may be running a loop already.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, result()).result()


def _failure() -> KeySourceError:
    return KeySourceError("a callback of the service failed", kind="callback")
