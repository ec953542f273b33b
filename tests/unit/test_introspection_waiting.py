"""Many requests with one opaque token while its issuer hangs: one question, and nobody waits for the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from jwks_auth import KeySourceError
from tests.introspecting import Asking, asking
from tests.patience import PATIENCE, eventually

MANY = 64
WAIT = {"wait": 0.3, "timeout": PATIENCE}  # so that no question ends before the last request


def kind_of(error: BaseException | object) -> str:
    """Why an answer is a 503."""
    return f"{error.status} {error.kind}" if isinstance(error, KeySourceError) else repr(error)


def by_threads(service: Asking, raw: str) -> list[str]:
    """The outcome of each of many requests, each in a thread of its own."""

    def outcome(_: int) -> str:
        try:
            return str(service.verifier.verify(raw).kind)
        except KeySourceError as error:
            return kind_of(error)

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(outcome, range(MANY)))


def by_a_loop(service: Asking, raw: str) -> list[str]:
    """The same on one event loop."""

    async def all_of_them() -> list[str]:
        waiting = (service.verifier.averify(raw) for _ in range(MANY))
        return [kind_of(each) for each in await asyncio.gather(*waiting, return_exceptions=True)]

    return asyncio.run(all_of_them())


Way = Callable[[Asking, str], list[str]]
WAYS = pytest.mark.parametrize("way", [by_threads, by_a_loop], ids=["threads", "event loop"])


@WAYS
def test_a_hanging_issuer_is_asked_once_and_nobody_waits_for_it(way: Way) -> None:
    """Each has its 503 while the issuer has not answered anybody: it hangs until the test ends, far beyond ``WAIT``."""
    with asking(rest=WAIT) as service:
        assert eventually(lambda: service.code("junk") == "401 inactive")  # the metadata are known
        raw = service.issuer.opaque()
        service.issuer.outage("hang")
        assert way(service, raw) == ["503 timeout"] * MANY
        assert eventually(lambda: service.asked >= 2)
        assert service.asked == 2


@WAYS
def test_an_issuer_that_answers_in_time_answers_all_of_them_at_once(way: Way) -> None:
    """The control: one question, sixty-four answers."""
    with asking(rest={"wait": PATIENCE, "timeout": PATIENCE}) as service:
        raw = service.issuer.opaque()
        found = way(service, raw)
        assert len(found) == MANY
        assert not any("503" in each for each in found)
        assert service.asked == 1
