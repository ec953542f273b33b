"""``until_expiry``: sync and async streams end at the token's ``exp``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from jwks_auth import VerifiedToken
from jwks_auth.adapters import until_expiry
from jwks_auth.testing import FakeIssuer
from tests.patience import PATIENCE

ISSUER = FakeIssuer()


def token(**claims: Any) -> VerifiedToken:
    """A token with *claims*, which nobody verified."""
    return VerifiedToken({"iss": ISSUER.issuer, **claims}, {}, claims, None)  # type: ignore[arg-type]


class Clock:
    """Time that the stream itself moves on."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.closed = 0

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now

    def ticks(self) -> Iterator[int]:
        """One item a second, for ever."""
        try:
            while True:
                self.now += 1
                yield int(self.now)
        finally:
            self.closed += 1

    async def aticks(self) -> AsyncIterator[int]:
        """The same, async."""
        try:
            while True:
                self.now += 1
                yield int(self.now)
        finally:
            self.closed += 1


async def collected(stream: AsyncIterator[Any]) -> list[Any]:
    """All items."""
    return [item async for item in stream]


def test_a_sync_stream_ends_at_exp() -> None:
    """An item that comes at ``exp`` or later is dropped, and the stream is closed."""
    clock = Clock()
    assert list(until_expiry(token(exp=1003), clock.ticks(), clock=clock)) == [1001, 1002]
    assert clock.closed == 1


async def test_an_async_stream_ends_at_exp() -> None:
    """By the same clock."""
    clock = Clock()
    assert await collected(until_expiry(token(exp=1003), clock.aticks(), clock=clock)) == [1001, 1002, 1003]
    assert clock.closed == 1


async def test_an_async_stream_that_waits_ends_too() -> None:
    """Nothing has to come: what it waits for is cancelled."""
    cancelled = asyncio.Event()

    async def silent() -> AsyncIterator[str]:
        yield "first"
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with asyncio.timeout(PATIENCE):
        assert await collected(until_expiry(token(exp=1000.05), silent(), clock=lambda: 1000)) == ["first"]
    assert cancelled.is_set()


@pytest.mark.parametrize("exp", [999, 1000])
async def test_an_expired_token_opens_nothing(exp: int) -> None:
    """The stream is not asked for an item; it is closed."""
    clock = Clock()
    assert list(until_expiry(token(exp=exp), clock.ticks(), clock=clock)) == []
    assert await collected(until_expiry(token(exp=exp), clock.aticks(), clock=clock)) == []
    assert clock.now == 1000


async def test_a_stream_may_end_before_its_token() -> None:
    """Whether or not the token has an end; lists and ranges are streams, too."""

    async def two() -> AsyncIterator[int]:
        yield 0
        yield 1

    for each in (token(exp=1e12), token()):
        assert list(until_expiry(each, range(2))) == [0, 1]
        assert list(until_expiry(each, [0, 1])) == [0, 1]
        assert await collected(until_expiry(each, two())) == [0, 1]


async def test_errors_of_the_stream_pass() -> None:
    """A ``TimeoutError`` of its own is no end of the token."""

    class Failing:
        """An iterator without ``close``, sync and async."""

        def __iter__(self) -> Iterator[int]:
            return self

        def __next__(self) -> int:
            raise TimeoutError("the database's")

    class AsyncFailing:
        """The same, async."""

        def __aiter__(self) -> AsyncIterator[int]:
            return self

        async def __anext__(self) -> int:
            raise TimeoutError("the database's")

    with pytest.raises(TimeoutError, match="database"):
        list(until_expiry(token(exp=1e12), Failing()))
    with pytest.raises(TimeoutError, match="database"):
        await collected(until_expiry(token(exp=1e12), AsyncFailing()))


async def test_a_client_that_goes_away_closes_the_stream() -> None:
    """As servers do: they close the generator that they were given."""
    clock = Clock()
    sync = until_expiry(token(exp=2000), clock.ticks(), clock=clock)
    assert next(sync) == 1001
    sync.close()  # type: ignore[attr-defined]
    stream = until_expiry(token(exp=2000), clock.aticks(), clock=clock)
    assert await anext(stream) == 1002
    await stream.aclose()  # type: ignore[attr-defined]
    assert clock.closed == 2
