"""A fleet on one real Redis or Valkey: about one fetch per lifespan, and no request that notices when it dies."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Timer

import pytest

from jwks_auth import ConfigurationError, PyJWKClient
from jwks_auth.keys.events import KeyEvent
from jwks_auth.stores.protocol import SealedStore
from jwks_auth.stores.redis import RedisStore
from jwks_auth.stores.url import opened_store
from tests.adapters.django.daemons import free_port
from tests.fault_server import FaultServer
from tests.key_fakes import document
from tests.needs import need_module, need_tool
from tests.patience import soon

LIFESPAN = 36_000.0  # a twentieth of it is long enough for any machine
SECRET = "a secret of the fleet"

# Redis is needed; Valkey, which not every distribution has, is tested as well where it is installed.
SERVERS = ["redis-server", *filter(shutil.which, ["valkey-server"])]

WORKER = """
import json, sys, threading, time
from jwks_auth import PyJWKClient
from jwks_auth.runtime.clock import elapsed

ahead, done, lookups, failures, alone = 0.0, threading.Event(), [], [], []

def hear(event):
    if event.name == "store_failed":
        alone.append(event.kind)

client = PyJWKClient(sys.argv[1], store=sys.argv[2], lifespan=float(sys.argv[3]), on_event=hear)
load = client.source.refresher.load
client.source.clock = client.source.refresher.clock = load._around.clock = lambda: elapsed() + ahead
load._around.wall = lambda: time.time() + ahead

def look_up():
    while not done.wait(0.005):
        try:
            lookups.append(client.get_signing_key("a").key_id)
        except Exception as exc:
            failures.append(repr(exc))

thread = threading.Thread(target=look_up)
thread.start()
for line in sys.stdin:
    if line.startswith("+"):
        ahead += float(line)
        while client.health().state != "fresh":
            done.wait(0.005)
        print(line, end="", flush=True)
    else:
        print(client.get_signing_key(line.strip()).key_id, flush=True)
done.set()
thread.join()
print(json.dumps([len(lookups), failures, len(alone)]))
"""


class Redis:
    """A real server on a port of its own, in memory only."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        options = f"--port {self.port} --bind 127.0.0.1 --appendonly no --dir {folder}"
        command = [need_tool(program), *options.split(), "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        with patience(self.process):
            assert any("Ready to accept connections" in line for line in self.process.stdout)

    def forget_leases(self) -> None:
        """As it does by itself in time."""
        with need_module("redis").Redis(port=self.port) as client:
            for name in client.keys("*:lease") + client.keys("*:search"):
                client.delete(name)

    def kill(self) -> None:
        """``kill -9``."""
        with self.process:
            self.process.kill()


@contextmanager
def patience(*processes: subprocess.Popen[str], seconds: float = 600) -> Iterator[None]:
    """*processes* are killed after *seconds*, so that what is read from them ends."""
    timers = [Timer(seconds, process.kill) for process in processes]
    for timer in timers:
        timer.start()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
            timer.join()


class Fleet:
    """Eight processes that look up the key "a" all the time, and others when told to."""

    def __init__(self, workers: list[subprocess.Popen[str]]) -> None:
        self._workers = workers
        self.ask("a")

    def ask(self, kid: str) -> None:
        """Let all of them look up *kid* at once; each must find it."""
        self._tell(kid)

    def later(self, seconds: float) -> None:
        """Let *seconds* pass for all of them; returns when each has fresh keys."""
        self._tell(f"+{seconds}")

    def _tell(self, line: str) -> None:
        for worker in self._workers:
            assert worker.stdin is not None
            worker.stdin.write(f"{line}\n")
            worker.stdin.flush()
        assert [worker.stdout and worker.stdout.readline().strip() for worker in self._workers] == [line] * 8

    def end(self) -> int:
        """No lookup has failed in any of them, and there were some; returns how often the store has."""
        alone = 0
        for worker in self._workers:
            lookups, failures, times = json.loads(worker.communicate()[0])
            assert lookups > 0
            assert failures == []
            alone += times
        return alone


@contextmanager
def fleet(provider: FaultServer, redis: Redis, *, lifespan: float = LIFESPAN) -> Iterator[Fleet]:
    """All of them warm: what is fetched from now on is not what a cold start takes."""
    command = [sys.executable, "-c", WORKER, provider.url, redis.url, str(lifespan)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    PyJWKClient(provider.url, store=redis.url, lifespan=lifespan).warm_up()
    with ExitStack() as stack:
        workers = [stack.enter_context(subprocess.Popen(command, **pipes)) for _ in range(8)]  # type: ignore[call-overload]
        stack.enter_context(patience(*workers))
        for worker in workers:
            stack.callback(worker.kill)
        yield Fleet(workers)


@pytest.fixture(params=SERVERS)
def redis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Redis]:
    """A server that the test may kill."""
    need_module("redis")
    server = Redis(request.param, tmp_path)
    yield server
    server.kill()


@pytest.fixture
def provider() -> Iterator[FaultServer]:
    """A key endpoint with one good key."""
    with FaultServer(document({"a"})) as server:
        yield server


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0", "valkey://127.0.0.1:1/0"])
def test_a_redis_store_has_a_url(url: str) -> None:
    """For settings that are text; nothing is connected."""
    need_module("redis")
    assert isinstance(opened_store(url), RedisStore)


def test_eight_processes_make_about_one_fetch_per_lifespan(provider: FaultServer, redis: Redis) -> None:
    """One, but by those that a busy machine keeps from the store; a new key reaches all of them."""
    with fleet(provider, redis) as processes:
        before = provider.requests
        for lifespan in range(1, 5):
            redis.forget_leases()
            provider.document = document({"a", str(lifespan)})
            processes.later(0.95 * LIFESPAN)
            assert provider.requests >= before + lifespan
            processes.ask(str(lifespan))
        fetched = provider.requests - before
        assert fetched <= 4 + 2 * processes.end()


def test_a_new_key_that_eight_processes_meet_at_once_is_fetched_twice_at_most(
    provider: FaultServer, redis: Redis
) -> None:
    """One asks the provider; the others see in the store that it has, and accept the key as well.

    They look for half a second, in which a busy machine may not get to it: one of five times will do.
    """
    fetched = []
    with fleet(provider, redis) as processes:
        provider.mode, provider.delay = "slow", 0.1
        while len(fetched) < 5 and (not fetched or fetched[-1] > 2):
            before, kid = provider.requests, str(len(fetched))
            provider.document = document({"a", kid})
            processes.ask(kid)
            fetched.append(provider.requests - before)
            redis.forget_leases()
            processes.later(30)  # what the budget for such kids gets back in a cooldown
        processes.end()
    assert 1 <= fetched[-1] <= 2, fetched


def test_no_lookup_fails_when_redis_is_killed(provider: FaultServer, redis: Redis) -> None:
    """``kill -9`` under load: each process goes on by itself, and learns of a new key by itself."""
    with fleet(provider, redis, lifespan=2) as processes:
        provider.wait_for_requests(provider.requests + 1)
        redis.kill()
        before = provider.requests
        provider.document = document({"a", "b"})
        processes.ask("b")
        provider.wait_for_requests(before + 16)
        processes.ask("b")
        processes.end()


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


def test_valkeys_own_client_will_do(provider: FaultServer, redis: Redis) -> None:
    """It has the methods of redis-py's, which are all that is asked of a client."""
    with need_module("valkey").Valkey(port=redis.port) as client:
        store = RedisStore(client, prefix="keys:")
        for _ in range(2):
            assert PyJWKClient(provider.url, store=store).get_signing_key("a")
        assert provider.requests == 1
        assert [store.lease("lease", 60), store.lease("lease", 60)] == [True, False]


def test_a_redis_that_hangs_is_not_waited_for(provider: FaultServer, redis: Redis) -> None:
    """A stopped server accepts connections and says nothing: a quarter of a second, once."""
    redis.process.send_signal(signal.SIGSTOP)
    client = PyJWKClient(provider.url, store=redis.url)
    assert soon(lambda: client.get_signing_key("a"))
    assert soon(lambda: client.get_jwk_set(refresh=True))
    redis.process.send_signal(signal.SIGCONT)


def test_a_password_that_makes_no_url_is_not_told() -> None:
    """Not in the error's causes either: with a slash in it, what comes before that is taken for the port."""
    need_module("redis")
    with pytest.raises(ConfigurationError, match="%2F") as caught:
        opened_store("redis://user:hunter2/hunter2@127.0.0.1/0")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__
