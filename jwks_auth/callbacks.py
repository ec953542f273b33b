"""Calls into the user's own code. Its failures are the service's: 503, never a verdict on the token."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from jwks_auth.errors import AuthError, KeySourceError

__all__ = ["aask", "ask"]


def ask(callback: Callable[..., Any], *args: Any) -> Any:
    """The callback's answer, whether it is sync or async; raises what an :func:`aask` raises.

    An async callback runs in an event loop of its own, which can't be had in a thread that already runs one.
    """
    try:
        answer = callback(*args)
        return asyncio.run(_result(answer)) if inspect.isawaitable(answer) else answer
    except (AuthError, KeySourceError):
        raise
    except Exception as exc:
        raise _failure() from exc


async def aask(callback: Callable[..., Any], *args: Any) -> Any:
    """The callback's answer: awaited where it is async, from a worker thread where it is not.

    Raises ``AuthError`` and ``KeySourceError`` as they are, anything else as ``KeySourceError``.
    """
    try:
        answer = callback(*args) if _is_async(callback) else await asyncio.to_thread(callback, *args)
        return await answer if inspect.isawaitable(answer) else answer
    except (AuthError, KeySourceError):
        raise
    except Exception as exc:
        raise _failure() from exc


def _is_async(callback: Callable[..., Any]) -> bool:
    # Of an object with an async __call__ only the method says so.
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(
        getattr(callback, "__call__", None)  # noqa: B004
    )


async def _result(answer: Awaitable[Any]) -> Any:
    return await answer


def _failure() -> KeySourceError:
    return KeySourceError("a callback of the service failed", kind="callback")
