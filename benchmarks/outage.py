"""PyJWT's client and ours through the same bad days, side by side.

    python -m benchmarks.outage [--steady] [--picture docs/images/outage.svg]

One table; ``--steady`` adds one of 100 000 lookups each of a fresh and an ahead key among failing fetches, against a
control without any, and of a stale key whose renewal fails (five minutes);
``--picture`` draws the latency of a known key over time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jwt

from benchmarks.outage_chart import write
from benchmarks.outage_steady import steady
from jwks_auth import PyJWKClient
from tests.fault_server import FaultServer
from tests.key_fakes import document

TIMEOUT = 1.5
CLIENTS: dict[str, type[jwt.PyJWKClient]] = {"PyJWT": jwt.PyJWKClient, "jwks-auth": PyJWKClient}


@dataclass
class Row:
    """What one client made of one scenario."""

    fetches: int
    failed: int
    worst: float


def timed(look: Callable[[], object]) -> tuple[bool, float]:
    """Whether *look* succeeded, and how many seconds it took."""
    started = time.perf_counter()
    try:
        look()
    except jwt.PyJWTError:
        return False, time.perf_counter() - started
    return True, time.perf_counter() - started


def rows_of(results: Iterable[tuple[bool, float]], server: FaultServer, before: int) -> Row:
    """The figures of lookups that should all have succeeded."""
    listed = list(results)
    failed = sum(not good for good, _ in listed)
    return Row(server.requests - before, failed, max(seconds for _, seconds in listed))


def cold(make: Callable[..., Any], server: FaultServer) -> Row:
    """64 threads ask for the set at once, with nothing in the cache."""
    client = make(server.url, timeout=TIMEOUT)
    server.mode, server.delay = "slow", 0.2
    with ThreadPoolExecutor(64) as pool:
        return rows_of(pool.map(lambda _: timed(client.get_jwk_set), range(64)), server, 0)


def hang(make: Callable[..., Any], server: FaultServer) -> Row:
    """A fresh key, while the provider hangs and five requests carry unknown kids."""
    client = make(server.url, timeout=TIMEOUT, cooldown_duration=0.001)
    client.get_signing_key("a")
    before, server.mode = server.requests, "hang"
    with ThreadPoolExecutor(6) as pool:
        for number in range(5):
            pool.submit(timed, lambda number=number: client.get_signing_key(f"made-up-{number}"))
        time.sleep(0.1)
        return rows_of([timed(lambda: client.get_signing_key("a")) for _ in range(100)], server, before)


def down(make: Callable[..., Any], server: FaultServer) -> Row:
    """1000 lookups past the lifespan, while the provider answers 500."""
    client = make(server.url, timeout=TIMEOUT, lifespan=0.3)
    client.get_signing_key("a")
    before, server.mode = server.requests, "error500"
    time.sleep(0.4)
    return rows_of([timed(lambda: client.get_signing_key("a")) for _ in range(1000)], server, before)


def flood(make: Callable[..., Any], server: FaultServer) -> Row:
    """A known key, looked up after each of 1000 made-up kids."""
    client = make(server.url, timeout=TIMEOUT)

    def pair(number: int) -> tuple[bool, float]:
        timed(lambda: client.get_signing_key(f"made-up-{number}"))
        return timed(lambda: client.get_signing_key("a"))

    return rows_of(map(pair, range(1000)), server, 0)


def rotation(make: Callable[..., Any], server: FaultServer) -> Row:
    """10 lookups of a key published right after a fetch."""
    client = make(server.url, timeout=TIMEOUT)
    client.get_signing_key("a")
    server.document = document({"a", "b"})
    return rows_of([timed(lambda: client.get_signing_key("b")) for _ in range(10)], server, 1)


def withdrawal(make: Callable[..., Any], server: FaultServer) -> Row:
    """10 lookups of a withdrawn key after a fetch: a failure is one that is accepted."""
    client = make(server.url, cache_keys=True, timeout=TIMEOUT)
    client.get_signing_key("a")
    server.document = document({"b"})
    client.get_jwk_set(refresh=True)
    results = [timed(lambda: client.get_signing_key("a")) for _ in range(10)]
    return rows_of([(not good, seconds) for good, seconds in results], server, 1)


def drip(make: Callable[..., Any], server: FaultServer) -> Row:
    """A body that comes drop by drop, with a timeout of 1.5 s."""
    server.mode, server.delay = "drip_body_briefly", 0.5
    client = make(server.url, timeout=TIMEOUT)
    return rows_of([timed(lambda: client.get_signing_key("a"))], server, 0)


def event_loop(make: Callable[..., Any], server: FaultServer) -> Row:
    """How long an event loop stands still for an endpoint that takes 1 s."""
    client = make(server.url, timeout=TIMEOUT)
    server.mode, server.delay = "slow", 1.0
    return Row(1, 0, asyncio.run(_longest_hold(client)))


async def _longest_hold(client: Any) -> float:
    longest, done = 0.0, False

    async def heartbeat() -> None:
        nonlocal longest
        last = time.perf_counter()
        while not done:
            await asyncio.sleep(0.0005)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    beating = asyncio.ensure_future(heartbeat())
    await asyncio.sleep(0.01)
    longest = 0.0
    with contextlib.suppress(jwt.PyJWTError):
        if isinstance(client, PyJWKClient):
            await client.aget_signing_key("a")
        else:
            client.get_signing_key("a")
    await asyncio.sleep(0.01)
    done = True
    await beating
    return longest


SCENARIOS = (cold, hang, down, flood, rotation, withdrawal, drip, event_loop)


def table() -> None:
    """Run every scenario with both clients and print what came of it."""
    head = f"{'':72} {'fetches':>16} {'failed':>16} {'worst wait, ms':>18}"
    print(head + "\n" + f"{'':72}" + f" {'PyJWT':>8}{'ours':>8}" * 2 + f" {'PyJWT':>9}{'ours':>9}")
    for scenario in SCENARIOS:
        rows = []
        for make in CLIENTS.values():
            with FaultServer(document({"a"})) as server:
                rows.append(scenario(make, server))
        theirs, ours = rows
        name = (scenario.__doc__ or "").removesuffix(".")
        print(
            f"{name:72} {theirs.fetches:>8}{ours.fetches:>8} {theirs.failed:>8}{ours.failed:>8} "
            f"{theirs.worst * 1000:>9.1f}{ours.worst * 1000:>9.1f}"
        )


def timeline(make: Callable[..., Any]) -> list[tuple[float, float, bool]]:
    """(second, seconds waited, succeeded) of a known key through rotation, hang, errors and recovery."""
    points: list[tuple[float, float, bool]] = []
    with FaultServer(document({"a"})) as server:
        client = make(server.url, timeout=TIMEOUT, lifespan=3, cooldown_duration=0.5)
        client.get_signing_key("a")
        stop, started = threading.Event(), time.perf_counter()

        def made_up() -> None:
            number = 0
            while not stop.wait(0.25):
                number += 1
                timed(lambda number=number: client.get_signing_key(f"made-up-{number}"))

        threading.Thread(target=made_up, daemon=True).start()
        for mode, until in (("ok", 3.0), ("hang", 8.0), ("error500", 11.0), ("ok", 15.0)):
            server.mode = mode
            if mode == "ok":
                server.document = document({"a", "b"})
            while (now := time.perf_counter() - started) < until:
                good, seconds = timed(lambda: client.get_signing_key("a"))
                points.append((now, seconds, good))
                time.sleep(0.01)
        stop.set()
    return points


def main() -> None:
    """Print the table, and what else is asked for."""
    logging.getLogger("jwks_auth").setLevel(logging.CRITICAL)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", metavar="FILE")
    parser.add_argument("--steady", action="store_true")
    options = parser.parse_args()
    table()
    if options.steady:
        steady()
    if options.picture:
        write(options.picture, {name: timeline(make) for name, make in CLIENTS.items()})


if __name__ == "__main__":
    main()
