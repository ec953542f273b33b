"""What a service relies on, on real sockets: who waits for a provider that fails, how long, and for what."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest

from jwks_auth import Issuer, KeySourceError, PyJWKClient
from jwks_auth.http.fetch import Fetcher
from jwks_auth.jose.jwk import parse_jwk
from jwks_auth.keys.events import KeyEvent
from jwks_auth.keys.refresher import Refresh
from jwks_auth.runtime.clock import elapsed
from jwks_auth.testing import FakeIssuer
from tests.fault_server import FaultServer
from tests.key_fakes import document
from tests.patience import PATIENCE, calls, eventually, soon


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
        self.client.source.clock = self.client.source.refresher.clock = lambda: elapsed() + self.ahead
        self.client.warm_up()

    def age(self, seconds: float) -> None:
        """Make the keys *seconds* old."""
        source = self.client.source
        self.ahead += seconds - (source.clock() - source.cache.snapshot.born)


# known keys


@pytest.mark.parametrize("mode", ["ok", "slow", "error500", "hang", "drip_body", "drip_headers", "reset"])
@pytest.mark.parametrize("age", [0, 290])
def test_a_known_key_within_its_lifespan_is_nobodys_wait(server: FaultServer, mode: str, age: float) -> None:
    """5000 lookups, fresh and ahead: none fails, none waits for a refresh, and none fetches."""
    aged = Aged(server, timeout=10)
    server.mode = mode
    aged.age(age)
    assert aged.client.health().state == ("ahead" if age else "fresh")

    with calls() as called:
        for _ in range(5000):
            assert aged.client.get_signing_key("a").key_id == "a"
    assert called.isdisjoint({Refresh.wait.__code__, Fetcher.fetch.__code__})
    assert (server.requests > 1) is bool(age)


def test_the_instrument_sees_a_wait(server: FaultServer) -> None:
    """The control: a cold lookup does wait."""
    client = PyJWKClient(server.url)
    with calls() as called:
        client.get_signing_key("a")
    assert Refresh.wait.__code__ in called


@pytest.mark.parametrize(("wait", "longest"), [(0.3, 0.3), (3600, 2.0)])
def test_a_stale_key_waits_once(server: FaultServer, wait: float, longest: float) -> None:
    """At most ``wait``, and at most two seconds; whoever comes later comes through."""
    aged = Aged(server, timeout=600, wait=wait)
    server.mode = "hang"
    aged.age(301)
    assert soon(lambda: aged.client.get_signing_key("a"), at_least=longest - 0.1).key_id == "a"
    aged.ahead += longest  # what the first one waited has passed for all
    with calls() as called:
        for _ in range(1000):
            assert aged.client.get_signing_key("a").key_id == "a"
    assert Refresh.wait.__code__ not in called
    assert server.requests == 2


def test_a_stale_key_is_told_once_the_provider_is_back(server: FaultServer) -> None:
    """Served while it fails, renewed when it answers, and each is an event; two threads tell them, in any order."""
    heard: list[str] = []
    aged = Aged(server, on_event=lambda event: heard.append(event.name), timeout=1)
    assert eventually(lambda: heard == ["refresh_started", "refresh_ok"])
    server.mode = "error500"
    aged.age(301)
    assert aged.client.get_signing_key("a")
    assert eventually(lambda: set(heard[2:]) == {"refresh_started", "refresh_failed", "stale_served"})
    server.mode = "ok"
    aged.ahead += 5
    assert aged.client.get_signing_key("a")
    assert eventually(lambda: heard.count("refresh_ok") == 2)
    assert aged.client.health().state == "fresh"


async def test_a_rotation_does_not_hold_the_event_loop(server: FaultServer) -> None:
    """None of 100 new keys is made in its thread; the control: it makes the first ones, when they are asked for."""
    client = PyJWKClient(server.url)
    await client.awarm_up()
    with calls() as called:
        assert await client.aget_signing_key("a")
    assert jwt.PyJWK.__init__.__code__ in called
    server.document = document({f"key-{number}" for number in range(100)})
    with calls() as called:
        assert await client.aget_signing_key("key-99")
    assert called.isdisjoint({jwt.PyJWK.__init__.__code__, parse_jwk.__code__})


def test_threads_that_are_switched_all_the_time(server: FaultServer) -> None:
    """Lookups, made-up kids, refreshes and rotations at once: what is published is found, and nothing fails."""
    heard: list[KeyEvent] = []
    client = PyJWKClient(server.url, cooldown_duration=0, on_event=heard.append)
    client.warm_up()
    interval, over = sys.getswitchinterval(), threading.Event()

    def known() -> None:
        while not over.is_set():
            assert client.get_signing_key("a").key_id == "a"
            assert {key.key_id for key in client.get_signing_keys()} >= {"a"}

    def made_up() -> None:
        while not over.is_set():
            with pytest.raises(jwt.PyJWKClientError):
                client.get_signing_key("made-up")

    def rotating() -> None:
        try:
            for number in range(40):
                server.document = document({"a", f"key-{number % 20}"})
                assert client.get_signing_key(f"key-{number % 20}")
                client.fetch_data()
        finally:
            over.set()

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            running = [pool.submit(run) for run in (known, known, known, made_up, rotating)]
            for future in running:
                future.result()
    finally:
        sys.setswitchinterval(interval)
    assert "refresh_failed" not in {event.name for event in heard}


def test_fetch_data_does_not_join_a_refresh(server: FaultServer) -> None:
    """Called by a program it fetches for itself, and fills the cache."""
    client = PyJWKClient(server.url)
    server.hold()
    refreshing = threading.Thread(target=client.warm_up)
    refreshing.start()
    server.wait_for_requests(1)
    server.mode = "ok"
    with calls() as called:
        client.fetch_data()
    assert Refresh.wait.__code__ not in called
    assert refreshing.is_alive()
    assert client.get_signing_key("a")
    server.let_go()
    refreshing.join(PATIENCE)
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
import _thread, atexit, sys, threading
from jwks_auth import PyJWKClient

client = PyJWKClient(sys.argv[1], timeout=2)
client.warm_up()

def late():
    print(client.get_signing_key("a").key_id)
    try:
        _thread.start_new_thread(int, ())
    except RuntimeError:  # Python 3.12 starts none any more
        print("key_source_unavailable")
    else:
        print("unknown_key")
    try:
        client.get_signing_key("made-up")
    except Exception as exc:
        print(exc.code)

threading._register_atexit(late) if sys.argv[2] == "threads" else atexit.register(late)
"""


@pytest.mark.parametrize("stage", ["threads", "atexit"])
def test_lookups_while_the_interpreter_exits(server: FaultServer, stage: str) -> None:
    """A known key is served; an unknown one is refused, or is a 503 where no thread can be started to look for it."""
    run = subprocess.run(
        [sys.executable, "-c", AT_EXIT, server.url, stage],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    known, expected, unknown = run.stdout.split()
    assert (known, unknown) == ("a", expected)
    assert "Traceback" not in run.stderr
