"""What a service relies on, on real sockets: who waits for a provider that fails, how long, and for what."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from types import CodeType, FrameType
from typing import Any

import jwt
import pytest

from jwks_auth import Issuer, KeySourceError, PyJWKClient
from jwks_auth.clock import elapsed
from jwks_auth.events import KeyEvent
from jwks_auth.fetch import Fetcher
from jwks_auth.flight import Flight
from jwks_auth.testing import FakeIssuer
from tests.fault_server import FaultServer
from tests.key_fakes import document


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A key endpoint with one good key."""
    with FaultServer(document({"a"})) as server:
        yield server


class Aged:
    """A client that has the key ``a``, with a clock that can be set forward."""

    def __init__(self, server: FaultServer, **options: Any) -> None:
        self.ahead = 0.0
        self.client = PyJWKClient(server.url, **options)
        self.client.source.clock = self.client.source.flights.clock = lambda: elapsed() + self.ahead
        self.client.warm_up()

    def age(self, seconds: float) -> None:
        """Make the keys *seconds* old."""
        source = self.client.source
        self.ahead += seconds - (source.clock() - source.books.snapshot.born)


def within(seconds: float, happened: Callable[[], bool]) -> bool:
    """Whether *happened* comes true in time."""
    deadline = time.monotonic() + seconds
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.01)
    return happened()


def called_by(run: Callable[[], object]) -> set[CodeType]:
    """All functions that are called in this thread while *run* runs."""
    seen: set[CodeType] = set()

    def note(frame: FrameType, event: str, arg: object) -> None:
        if event == "call":
            seen.add(frame.f_code)

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return seen


# known keys


@pytest.mark.parametrize("mode", ["ok", "slow", "error500", "hang", "drip_body", "drip_headers", "reset"])
@pytest.mark.parametrize("age", [0, 290])
def test_a_known_key_within_its_lifespan_is_nobodys_wait(server: FaultServer, mode: str, age: float) -> None:
    """5000 lookups, fresh and ahead: none fails, none waits for a flight, and none fetches."""
    aged = Aged(server, timeout=10)
    server.mode = mode
    aged.age(age)
    assert aged.client.health().state == ("ahead" if age else "fresh")

    def look() -> None:
        for _ in range(5000):
            assert aged.client.get_signing_key("a").key_id == "a"

    assert called_by(look).isdisjoint({Flight.wait.__code__, Fetcher.fetch.__code__})
    assert (server.requests > 1) is bool(age)


def test_the_instrument_sees_a_wait(server: FaultServer) -> None:
    """The control: a cold lookup does wait."""
    client = PyJWKClient(server.url)
    assert Flight.wait.__code__ in called_by(lambda: client.get_signing_key("a"))


@pytest.mark.parametrize(("wait", "longest"), [(0.3, 0.3), (30, 2.0)])
def test_a_stale_key_waits_once(server: FaultServer, wait: float, longest: float) -> None:
    """At most ``wait``, and at most two seconds; whoever comes later comes through."""
    aged = Aged(server, timeout=20, wait=wait)
    server.mode = "hang"
    aged.age(301)
    started = time.monotonic()
    assert aged.client.get_signing_key("a").key_id == "a"
    assert longest - 0.1 < time.monotonic() - started < longest + 2
    aged.ahead += longest  # what the first one waited has passed for all
    started = time.monotonic()
    for _ in range(1000):
        aged.client.get_signing_key("a")
    assert time.monotonic() - started < 1
    assert server.requests == 2


def test_a_stale_key_is_told_once_the_provider_is_back(server: FaultServer) -> None:
    """Served while it fails, renewed when it answers, and each is an event; two threads tell them, in any order."""
    heard: list[str] = []
    aged = Aged(server, on_event=lambda event: heard.append(event.name), timeout=1)
    assert within(10, lambda: heard == ["refresh_started", "refresh_ok"])
    server.mode = "error500"
    aged.age(301)
    assert aged.client.get_signing_key("a")
    assert within(10, lambda: set(heard[2:]) == {"refresh_started", "refresh_failed", "stale_served"})
    server.mode = "ok"
    aged.ahead += 5
    assert aged.client.get_signing_key("a")
    assert within(10, lambda: heard.count("refresh_ok") == 2)
    assert aged.client.health().state == "fresh"


async def test_a_rotation_does_not_hold_the_event_loop(server: FaultServer) -> None:
    """Of 100 keys, none of whose making takes the loop's thread 5 ms at a time."""
    client = PyJWKClient(server.url)
    await client.awarm_up()
    server.document = document({f"key-{number}" for number in range(100)})
    waiting = asyncio.ensure_future(client.aget_signing_key("key-99"))
    longest, last = 0.0, time.thread_time()
    while not waiting.done():
        await asyncio.sleep(0)
        now = time.thread_time()
        longest, last = max(longest, now - last), now
    assert (await waiting).key_id == "key-99"
    assert longest < 0.005


def test_threads_that_are_switched_all_the_time(server: FaultServer) -> None:
    """Lookups, made-up kids, refreshes and rotations at once: what is published is found, and nothing fails."""
    heard: list[KeyEvent] = []
    client = PyJWKClient(server.url, cooldown_duration=0, on_event=heard.append)
    client.warm_up()
    interval, until = sys.getswitchinterval(), time.monotonic() + 1.5

    def known() -> None:
        while time.monotonic() < until:
            assert client.get_signing_key("a").key_id == "a"
            assert {key.key_id for key in client.get_signing_keys()} >= {"a"}

    def made_up() -> None:
        while time.monotonic() < until:
            with pytest.raises(jwt.PyJWKClientError):
                client.get_signing_key("made-up")

    def rotating() -> None:
        for number in cycle(range(20)):
            server.document = document({"a", f"key-{number}"})
            assert client.get_signing_key(f"key-{number}")
            client.fetch_data()
            if time.monotonic() > until:
                break

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            running = [pool.submit(run) for run in (known, known, known, made_up, rotating)]
            for future in running:
                future.result(60)
    finally:
        sys.setswitchinterval(interval)
    assert "refresh_failed" not in {event.name for event in heard}


def test_fetch_data_does_not_join_a_flight(server: FaultServer) -> None:
    """Called by a program it fetches for itself, and fills the cache."""
    client = PyJWKClient(server.url)
    server.mode, server.delay = "slow", 1.0
    flying = threading.Thread(target=client.warm_up)
    flying.start()
    server.wait_for_requests(1)
    server.mode = "ok"
    assert Flight.wait.__code__ not in called_by(client.fetch_data)
    assert flying.is_alive()
    assert client.get_signing_key("a")
    flying.join(10)
    assert server.requests == 2


# discovery


def moved(fake: FakeIssuer, path: str) -> None:
    """From now on the keys are at *path*, and the metadata says so."""
    fake.jwks_uri = fake.jwks_uri.removesuffix(fake.jwks_path) + path
    fake.jwks_path = path


def test_keys_that_moved_are_found_again() -> None:
    """A 404 at the old address: the metadata are asked again, once; the keys in hand serve meanwhile."""
    with FakeIssuer.serve() as fake:
        client = Issuer(fake.issuer, cooldown_duration=0).client
        assert client is not None
        token = fake.token()
        assert client.get_signing_key_from_jwt(token)
        asked = fake.requests.total() - fake.requests[fake.jwks_path]
        moved(fake, "/moved/keys")
        with pytest.raises(KeySourceError) as caught:
            client.get_jwk_set(refresh=True)
        assert caught.value.kind == "gone"
        assert client.get_signing_key_from_jwt(token)
        fake.rotate()
        assert client.get_signing_key_from_jwt(fake.token())
        assert client.uri == fake.jwks_uri
        assert fake.requests["/moved/keys"] == 1
        assert asked == 1


def test_an_endpoint_that_keeps_failing_is_looked_for_again() -> None:
    """After three failures in a row, and made-up kids before that ask for no metadata."""
    with FakeIssuer.serve() as fake, FaultServer(fake.jwks()) as failing:
        path, fake.jwks_uri = fake.jwks_uri, failing.url
        client = Issuer(fake.issuer, cooldown_duration=0).client
        assert client is not None
        client.warm_up()
        for number in range(5):
            with pytest.raises(jwt.PyJWKClientError):
                client.get_signing_key(f"made-up-{number}")
        assert fake.requests.total() == 1
        failing.mode, fake.jwks_uri = "error500", path
        for _ in range(3):
            with pytest.raises(KeySourceError):
                client.get_jwk_set(refresh=True)
        assert fake.requests.total() == 1
        assert client.get_jwk_set(refresh=True)
        assert (client.uri, fake.requests[fake.jwks_path]) == (path, 1)


# the end


AT_EXIT = """
import atexit, sys, threading
from jwks_auth import PyJWKClient

client = PyJWKClient(sys.argv[1], timeout=2)
client.warm_up()

def late():
    print(client.get_signing_key("a").key_id)
    try:
        client.get_signing_key("made-up")
    except Exception as exc:
        print(getattr(exc, "code", None) or exc.kind)

threading._register_atexit(late) if sys.argv[2] == "threads" else atexit.register(late)
"""


@pytest.mark.parametrize("stage", ["threads", "atexit"])
def test_lookups_while_the_interpreter_exits(server: FaultServer, stage: str) -> None:
    """A known key is served; whether or not a thread can still be started, an unknown one is refused."""
    run = subprocess.run(
        [sys.executable, "-c", AT_EXIT, server.url, stage],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert run.stdout.split() == ["a", "unknown_key"]
    assert run.stderr == ""
