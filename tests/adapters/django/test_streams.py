"""Streams that end with their token, sync and async."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.test import AsyncClient, Client

from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt, until_expiry


class Clock:
    """Time that streams move on, five seconds before a token ends."""

    def __init__(self, request: Any) -> None:
        self.now = request.token.expires_at - 5

    def __call__(self) -> float:
        """Seconds since 1970."""
        return float(self.now)

    def ticks(self) -> Iterator[bytes]:
        """One item a second, for ever."""
        while True:
            self.now += 1
            yield b"tick "

    async def aticks(self) -> AsyncIterator[bytes]:
        """The same, async."""
        for item in self.ticks():
            yield item


@require_jwt
def events(request: HttpRequest) -> StreamingHttpResponse:
    """A sync stream."""
    clock = Clock(request)
    return StreamingHttpResponse(until_expiry(request.token, clock.ticks(), clock=clock))  # type: ignore[attr-defined]


@require_jwt
async def aevents(request: HttpRequest) -> StreamingHttpResponse:
    """An async stream."""
    clock = Clock(request)
    return StreamingHttpResponse(until_expiry(request.token, clock.aticks(), clock=clock))  # type: ignore[attr-defined]


def test_a_sync_stream_ends_with_its_token(project: Any, issuer: FakeIssuer) -> None:
    """What comes at ``exp`` is dropped."""
    project({"/events": events}, MIDDLEWARE=[])
    answer = Client().get("/events", headers=issuer.headers(sub="u1"))
    assert answer.getvalue() == b"tick " * 4
    assert Client().get("/events").status_code == 401


async def test_an_async_stream_ends_with_its_token(project: Any, issuer: FakeIssuer) -> None:
    """In an async stack."""
    project({"/events": aevents}, MIDDLEWARE=[])
    answer: Any = await AsyncClient().get("/events", headers=issuer.headers(sub="u1"))
    assert b"".join([part async for part in answer]) == b"tick " * 5
