"""Calls into the user's own code. A failure there is the service's fault: 503, never a verdict on the token."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any

from jwks_auth.errors import KeySourceError, Refused

__all__ = ["aask", "ask"]


def ask(callback: Callable[..., Any], *args: Any) -> Any:
    """Return the callback's answer; the callback may be sync or async.

    ``AuthError`` and ``KeySourceError`` pass through; any other exception becomes a ``KeySourceError``.
    """
    try:
        answer = callback(*args)
        return _wait_for(answer) if inspect.isawaitable(answer) else answer
    except Refused:
        raise
    except Exception as exc:
        raise _failure() from exc


async def aask(callback: Callable[..., Any], *args: Any) -> Any:
    """Do as :func:`ask`: await an async callback, run any other in a worker thread."""
    import asyncio  # which only async services load

    try:
        answer = callback(*args) if _is_async(callback) else await asyncio.to_thread(callback, *args)
        return await answer if inspect.isawaitable(answer) else answer
    except Refused:
        raise
    except Exception as exc:
        raise _failure() from exc


def _is_async(callback: Callable[..., Any]) -> bool:
    # An object with an async __call__ is no coroutine function itself; only its method is.
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(
        getattr(callback, "__call__", None)  # noqa: B004
    )


def _wait_for(answer: Awaitable[Any]) -> Any:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    async def result() -> Any:
        return await answer

    # In another thread, because this one may be running an event loop already.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, result()).result()


def _failure() -> KeySourceError:
    return KeySourceError("a callback of the service failed", kind="callback")
