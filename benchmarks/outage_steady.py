"""Lookups of a known key while fetches hang, fail, drip and bring rotated keys, against a control without fetches."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import inf

import jwt

from jwks_auth import PyJWKClient
from jwks_auth.keys.freshness import State
from jwks_auth.keys.refresher import Refresh
from jwks_auth.keys.state import FetchResult, LoadRequest
from tests.fault_server import FaultServer
from tests.key_fakes import document

__all__ = ["steady"]

LOOKUPS, CHUNK = 100_000, 2_000
LATE = 0.005
MODES = ("hang", "error500", "drip_body", "drip_headers", "ok")
LIFESPAN = 3600.0
AGES = (0.0, 0.95 * LIFESPAN)
STALE_SECONDS, STALE_TIMEOUT = 6.0, 3.0


@dataclass
class Tally:
    """What happened to the lookups of one kind."""

    lookups: int = 0
    failed: int = 0
    waits: int = 0
    late: int = 0
    worst: float = 0.0


class Aged(PyJWKClient):
    """A client whose keys are *age* seconds old when they come, as keys from a shared store may be."""

    age = 0.0

    def _load(self, request: LoadRequest) -> FetchResult:
        return replace(super()._load(request), age=self.age)

    def state(self) -> State:
        """How old its keys are now."""
        return self.source.cache.snapshot.life.state(self.source.clock())


class Noise:
    """Asks for made-up kids all the time while it is on, so that one fetch follows another."""

    def __init__(self, client: PyJWKClient) -> None:
        self._client = client
        self._on, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            if not self._on.wait(0.1):
                continue
            number += 1
            with contextlib.suppress(jwt.PyJWTError):
                self._client.get_signing_key(f"made-up-{number}")
            time.sleep(0.01)

    def turn(self, *, on: bool) -> None:
        """Begin, or end and wait until no fetch is in progress."""
        if on:
            self._on.set()
            return
        self._on.clear()
        while self._client.source.refresher.current is not None:
            time.sleep(0.01)

    def stop(self) -> None:
        """End for good."""
        self._stop.set()
        self._thread.join()


class Waits:
    """Counts how often one thread waits for a fetch, or does anything with a socket itself."""

    def __init__(self) -> None:
        self.count = 0
        self._thread = threading.get_ident()

    def note(self, event: str = "", args: object = ()) -> None:
        """Count it, if it is in that thread and no other kind of audit event."""
        if threading.get_ident() == self._thread and (not event or event.startswith("socket.")):
            self.count += 1


@contextlib.contextmanager
def counted_waits() -> Iterator[Waits]:
    """The waits of this thread from now on."""
    waits, real_wait = Waits(), Refresh.wait

    def wait(refresh: Refresh, seconds: float) -> None:
        waits.note()
        real_wait(refresh, seconds)

    sys.addaudithook(waits.note)
    Refresh.wait = wait  # type: ignore[method-assign,assignment]
    try:
        yield waits
    finally:
        Refresh.wait = real_wait  # type: ignore[method-assign]


def steady() -> None:
    """Print what became of lookups of fresh and ahead keys among fetches, and of stale ones."""
    print(f"\n{'':44} {'lookups':>8} {'failed':>7} {'waited':>7} {'5 ms late':>10} {'worst, ms':>10}")
    with counted_waits() as waits:
        for name, tally in sorted(_among_fetches(waits).items()):
            _show(name, tally)
        for mode in MODES:
            for wait in (30.0, 0.5):
                _show(f"stale, {mode}, wait {wait:g} s", _stale(mode, wait, waits))


def _show(name: str, tally: Tally) -> None:
    print(
        f"{name:44} {tally.lookups:8} {tally.failed:7} {tally.waits:7} {tally.late:10} {tally.worst * 1000:10.2f}"
    )


def _among_fetches(waits: Waits) -> dict[str, Tally]:
    """Chunks of either state, with fetches and without, in turns."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    with FaultServer(document({"a"})) as server:
        client = Aged(server.url, timeout=0.5, lifespan=LIFESPAN, cooldown_duration=0)
        noise = Noise(client)
        for chunk in range(LOOKUPS // CHUNK):
            for age, fetching in product(AGES, (True, False)):
                noise.turn(on=False)
                server.mode, server.document, client.age = "ok", document({"a", f"b{chunk}"}), age
                client.get_jwk_set(refresh=True)
                server.mode = MODES[chunk % len(MODES)]
                client.source.cache.deferred_until = -inf if fetching else inf
                noise.turn(on=fetching)
                for _ in range(CHUNK):
                    name = f"{client.state()}, {'among' if fetching else 'no'} fetches"
                    _look(client, tallies[name], waits, pause=0.0001)
        noise.stop()
        print(f"({server.requests} fetches)")
    return tallies


def _stale(mode: str, wait: float, waits: Waits) -> Tally:
    """A key past its lifespan, for some seconds in which attempts to renew it fail, or one succeeds."""
    tally = Tally()
    with FaultServer(document({"a"})) as server:
        client = Aged(server.url, timeout=STALE_TIMEOUT, wait=wait, lifespan=LIFESPAN)
        client.age = LIFESPAN + 1
        client.get_signing_key("a")
        client.age, server.mode = 0.0, mode
        until = time.monotonic() + STALE_SECONDS
        while time.monotonic() < until:
            _look(client, tally, waits, pause=0.001)
    return tally


def _look(client: PyJWKClient, tally: Tally, waits: Waits, *, pause: float) -> None:
    before, started = waits.count, time.perf_counter()
    try:
        client.get_signing_key("a")
    except jwt.PyJWTError:
        tally.failed += 1
    seconds = time.perf_counter() - started
    tally.lookups += 1
    tally.waits += waits.count - before
    tally.late += seconds >= LATE
    tally.worst = max(tally.worst, seconds)
    time.sleep(pause)
