"""Streams that end with the token that opened them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any, TypeVar, overload

from jwks_auth.claims import VerifiedToken

__all__ = ["until_expiry"]

ItemT = TypeVar("ItemT")


@overload
def until_expiry(
    token: VerifiedToken[Any], stream: AsyncIterable[ItemT], *, clock: Callable[[], float] = ...
) -> AsyncIterator[ItemT]: ...
@overload
def until_expiry(
    token: VerifiedToken[Any], stream: Iterable[ItemT], *, clock: Callable[[], float] = ...
) -> Iterator[ItemT]: ...
def until_expiry(
    token: VerifiedToken[Any],
    stream: Iterable[ItemT] | AsyncIterable[ItemT],
    *,
    clock: Callable[[], float] = time.time,
) -> Iterator[ItemT] | AsyncIterator[ItemT]:
    """Return the items of *stream* until the token's ``exp``, without leeway; a token without ``exp`` ends nothing.

    An async stream ends at ``exp``, whatever it waits for then. A sync one ends with the first item that it has from
    then on, which is dropped, because nothing can interrupt it. Either is closed. *clock* returns seconds since 1970.
    """
    if isinstance(stream, AsyncIterable):
        return _awaited(token.expires_at, stream, clock)
    return _drawn(token.expires_at, stream, clock)


def _drawn(expires_at: float | None, stream: Iterable[ItemT], clock: Callable[[], float]) -> Iterator[ItemT]:
    items = iter(stream)
    try:
        while expires_at is None or clock() < expires_at:
            try:
                item = next(items)
            except StopIteration:
                return
            if expires_at is not None and clock() >= expires_at:
                return
            yield item
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()


async def _awaited(
    expires_at: float | None, stream: AsyncIterable[ItemT], clock: Callable[[], float]
) -> AsyncIterator[ItemT]:
    import asyncio  # which only async services load

    items = aiter(stream)
    try:
        while (left := None if expires_at is None else expires_at - clock()) is None or left > 0:
            limit = asyncio.timeout(left)
            try:
                async with limit:
                    item = await anext(items)
            except StopAsyncIteration:
                return
            except TimeoutError:
                if limit.expired():
                    return
                raise  # one of the stream's own
            yield item
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()
