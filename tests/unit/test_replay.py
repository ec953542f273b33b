"""Stores of used proofs that answer late, never, or that they are full: bounded in time, and 503."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from jwks_auth import InvalidProofError, KeySourceError
from jwks_auth.proofs import MemoryReplay
from tests.patience import soon
from tests.unit.test_dpop import Service


class AsyncStore:
    """A store whose answers are awaited; *hangs*: for ever."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.hangs, self.seen = hangs, set[str]()

    async def first(self, name: str, ttl: float) -> bool:
        """Return whether the name is new."""
        if self.hangs:
            await asyncio.Event().wait()
        new = name not in self.seen
        self.seen.add(name)
        return new


class SyncStore(AsyncStore):
    """The same in threads; it hangs until it is told to end."""

    end = threading.Event()

    def first(self, name: str, ttl: float) -> bool:  # type: ignore[override]
        """Return whether the name is new."""
        if self.hangs:
            self.end.wait(50)
        new = name not in self.seen
        self.seen.add(name)
        return new


@pytest.fixture(autouse=True)
def ending() -> Any:
    """Threads that hang end with the test."""
    SyncStore.end = threading.Event()
    yield
    SyncStore.end.set()


@pytest.mark.parametrize("store", [AsyncStore, SyncStore])
async def test_an_object_answers_requests_of_both_kinds(store: Callable[..., Any]) -> None:
    """Sync and async: a proof that one has seen is a replay to the other."""
    service = Service(DPOP_REPLAY=store())
    headers = service.client.headers("GET", "https://api.acme.dev/orders")
    assert await service.auth.aauthenticate(service.request(headers))
    for _ in range(2):
        assert await asyncio.to_thread(service.code, service.request(headers)) == "proof_replayed"
    headers = service.client.headers("GET", "https://api.acme.dev/orders")
    assert await asyncio.to_thread(service.code, service.request(headers)) is None
    with pytest.raises(InvalidProofError):
        await service.auth.aauthenticate(service.request(headers))


@pytest.mark.parametrize("store", [AsyncStore, SyncStore])
@pytest.mark.parametrize("fails", ["closed", "open"])
async def test_a_store_that_hangs_holds_no_request(store: Callable[..., Any], fails: str) -> None:
    """Forty at once are all answered soon, on an event loop and in threads; it is 503, unless told to stay open."""
    service = Service(DPOP_REPLAY=store(hangs=True), DPOP_REPLAY_FAILS=fails)
    wanted = None if fails == "open" else "key_source_unavailable"

    async def code() -> str | None:
        try:
            await service.auth.aauthenticate(service.proving())
        except KeySourceError as error:
            return error.code
        return None

    async with asyncio.timeout(30):
        found = await asyncio.gather(*(code() for _ in range(20)))
        in_threads = (asyncio.to_thread(service.code, service.proving()) for _ in range(20))
        found += await asyncio.gather(*in_threads)
    assert found == [wanted] * 40


def test_a_request_waits_a_quarter_of_a_second() -> None:
    """At least and soon after."""
    service = Service(DPOP_REPLAY=SyncStore(hangs=True))
    assert soon(lambda: service.code(service.proving()), at_least=0.24) == "key_source_unavailable"


async def test_a_full_memory_is_503_and_known_proofs_stay_replays() -> None:
    """For the client that fills it; others still have room."""
    service = Service(DPOP_REPLAY=MemoryReplay(90, most=40))
    headers = service.client.headers("GET", "https://api.acme.dev/orders")
    assert service.code(service.request(headers)) is None
    assert [service.code(service.proving()) for _ in range(9)] == [None] * 9
    answer = service.answer(service.proving())
    assert (answer.status, answer.error) == (503, "temporarily_unavailable")
    with pytest.raises(KeySourceError):
        await service.auth.aauthenticate(service.proving())
    assert service.code(service.request(headers)) == "proof_replayed"
    service.client = service.issuer.client(dpop=True)
    assert service.code(service.proving()) is None


def test_a_store_s_own_answer_may_be_anything() -> None:
    """What is false is a replay."""

    class Odd:
        def first(self, name: str, ttl: float) -> Any:
            return answers.pop(0)

    answers: list[Any] = [1, "yes", 0, None, ""]
    service = Service(DPOP_REPLAY=Odd())
    replayed = "proof_replayed"
    assert [service.code(service.proving()) for _ in range(5)] == [None, None, replayed, replayed, replayed]
