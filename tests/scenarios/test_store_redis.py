"""A fleet on one real Redis: about one fetch per lifespan, and no request that notices when Redis dies."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from jwks_auth import PyJWKClient
from jwks_auth.events import KeyEvent
from jwks_auth.store import SealedStore
from jwks_auth.store_redis import RedisStore
from jwks_auth.store_url import opened_store
from tests.fault_server import FaultServer
from tests.key_fakes import document
from tests.needs import need_module, need_tool

LIFESPAN = 2.0
SECRET = "a secret of the fleet"

WORKER = """
import sys, time
from jwks_auth import PyJWKClient

client = PyJWKClient(sys.argv[1], store=sys.argv[2], lifespan=float(sys.argv[3]), cooldown_duration=30)
until, lookups = time.monotonic() + float(sys.argv[4]), 0
while time.monotonic() < until:
    assert client.get_signing_key("a").key_id == "a"
    lookups += 1
    time.sleep(0.005)
print(lookups)
"""


class Redis:
    """A real server on a port of its own, in memory only."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        options = f"--port {self.port} --bind 127.0.0.1 --appendonly no --dir {folder}"
        command = [need_tool("redis-server"), *options.split(), "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not self._answers():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """``kill -9``."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis that the test may kill."""
    need_module("redis")
    server = Redis(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def provider() -> Iterator[FaultServer]:
    """A key endpoint with one good key."""
    with FaultServer(document({"a"})) as server:
        yield server


@contextmanager
def fleet(provider: FaultServer, redis: Redis, seconds: float) -> Iterator[list[subprocess.Popen[str]]]:
    """Eight processes that look up the key all the time."""
    command = [sys.executable, "-c", WORKER, provider.url, redis.url, str(LIFESPAN), str(seconds)]
    with ExitStack() as stack:
        workers = [
            stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            for _ in range(8)
        ]
        try:
            yield workers
        finally:
            for worker in workers:
                worker.kill()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0", "valkey://127.0.0.1:1/0"])
def test_a_redis_store_has_a_url(url: str) -> None:
    """For settings that are text; nothing is connected."""
    need_module("redis")
    assert isinstance(opened_store(url), RedisStore)


def test_eight_processes_make_about_one_fetch_per_lifespan(provider: FaultServer, redis: Redis) -> None:
    """At most two once the store is warm, with every process on its own schedule."""
    PyJWKClient(provider.url, store=redis.url, lifespan=LIFESPAN).warm_up()
    started, before = time.monotonic(), provider.requests
    with fleet(provider, redis, 6) as workers:
        lookups = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    lifespans = (time.monotonic() - started) / LIFESPAN
    assert all(count > 50 for count in lookups)
    assert 2 <= provider.requests - before <= 2 * lifespans


def test_no_lookup_fails_when_redis_is_killed(provider: FaultServer, redis: Redis) -> None:
    """``kill -9`` under load: each process goes on by itself."""
    PyJWKClient(provider.url, store=redis.url, lifespan=LIFESPAN).warm_up()
    with fleet(provider, redis, 5) as workers:
        time.sleep(2.5)
        redis.kill()
        lookups = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    assert all(count > 50 for count in lookups)


def test_a_process_starts_with_the_last_good_keys(provider: FaultServer, redis: Redis) -> None:
    """While the provider is down."""
    PyJWKClient(provider.url, store=redis.url).warm_up()
    provider.mode = "error500"
    assert PyJWKClient(provider.url, store=redis.url).get_signing_key("a").key_id == "a"
    assert provider.requests == 1


def test_junk_and_wrong_seals_in_redis_are_reported(provider: FaultServer, redis: Redis) -> None:
    """A record that anybody could have written gives no keys."""
    heard: list[KeyEvent] = []
    plain = RedisStore.from_url(redis.url)
    sealed = SealedStore(plain, SECRET)
    PyJWKClient(provider.url, store=plain).warm_up()
    client = PyJWKClient(provider.url, store=sealed, on_event=heard.append)
    assert client.get_signing_key("a")
    assert [event.kind for event in heard if event.name == "store_failed"] == ["seal"]
    assert provider.requests == 2
    assert PyJWKClient(provider.url, store=sealed).get_signing_key("a")
    assert provider.requests == 2
    heard.clear()
    assert PyJWKClient(provider.url, store=plain, on_event=heard.append).get_signing_key("a")
    assert [event.kind for event in heard if event.name == "store_failed"] == ["junk"]
    assert [plain.lease("lease", 60), plain.lease("lease", 60)] == [True, False]


def test_a_redis_that_hangs_is_not_waited_for(provider: FaultServer, redis: Redis) -> None:
    """A stopped server accepts connections and says nothing: a quarter of a second, once."""
    redis.process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    client = PyJWKClient(provider.url, store=redis.url)
    assert client.get_signing_key("a")
    client.get_jwk_set(refresh=True)
    assert time.monotonic() - started < 5
    redis.process.send_signal(signal.SIGCONT)
