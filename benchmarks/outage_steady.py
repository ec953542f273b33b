"""Lookups of a fresh key while fetches hang, fail, drip and bring rotated keys, against a control without fetches."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass

import jwt

from jwks_auth import PyJWKClient
from jwks_auth.flight import Flight
from tests.fault_server import FaultServer
from tests.key_fakes import document

__all__ = ["steady"]

LOOKUPS, CHUNK = 100_000, 2_000
LATE = 0.005
MODES = ("hang", "error500", "drip_body", "drip_headers", "ok")


@dataclass
class Tally:
    """What happened to the lookups of one kind."""

    lookups: int = 0
    failed: int = 0
    late: int = 0
    worst: float = 0.0


class Noise:
    """Asks for made-up kids all the time while it is on, so that one fetch after another is in the air."""

    def __init__(self, client: PyJWKClient, server: FaultServer) -> None:
        self._client, self._server = client, server
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
        """Begin, or end and wait until nothing is in the air."""
        if on:
            self._on.set()
            return
        self._on.clear()
        while self._client.source.flights.current is not None:
            time.sleep(0.01)

    def stop(self) -> None:
        """End for good."""
        self._stop.set()
        self._thread.join()


def steady() -> None:
    """Print how many of 100 000 lookups failed, waited, or came 5 ms late, with fetches and without."""
    waited: list[int] = []
    real_wait, here = Flight.wait, threading.get_ident()

    def counting(flight: Flight, seconds: float) -> None:
        if threading.get_ident() == here:
            waited.append(1)
        real_wait(flight, seconds)

    Flight.wait = counting  # type: ignore[method-assign]
    tallies = {True: Tally(), False: Tally()}
    with FaultServer(document({"a"})) as server:
        client = PyJWKClient(server.url, timeout=0.5, lifespan=3600, cooldown_duration=0)
        client.get_signing_key("a")
        waited.clear()
        noise = Noise(client, server)
        for chunk in range(2 * LOOKUPS // CHUNK):
            fetching = chunk % 2 == 0
            server.mode = MODES[chunk // 2 % len(MODES)]
            server.document = document({"a", f"b{chunk}"})
            noise.turn(on=fetching)
            _look(client, tallies[fetching])
        noise.stop()
        print(f"\n{server.requests} fetches; lookups of the fresh key that waited for one: {len(waited)}")
    Flight.wait = real_wait  # type: ignore[method-assign]
    for fetching, tally in tallies.items():
        print(
            f"{'among fetches' if fetching else 'control':14} {tally.lookups} lookups, {tally.failed} failed, "
            f"{tally.late} late by {LATE * 1000:.0f} ms, worst {tally.worst * 1000:.2f} ms"
        )


def _look(client: PyJWKClient, tally: Tally) -> None:
    for _ in range(CHUNK):
        started = time.perf_counter()
        try:
            client.get_signing_key("a")
        except jwt.PyJWTError:
            tally.failed += 1
        seconds = time.perf_counter() - started
        tally.lookups += 1
        tally.late += seconds >= LATE
        tally.worst = max(tally.worst, seconds)
        time.sleep(0.0001)
