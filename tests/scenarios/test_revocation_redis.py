"""Revocations in one real Redis: eight processes hear of them, also those that were frozen; and if it goes away."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import InvalidTokenError, Issuer, KeySourceError, TokenVerifier
from jwks_auth.adapters import Settings
from jwks_auth.stores import RedisRevocations, StoreError, opened_revocations
from jwks_auth.testing import FakeIssuer
from tests.needs import need_module
from tests.patience import PATIENCE, eventually, soon, stand_still
from tests.scenarios.test_store_redis import SERVERS, Redis, patience

WORKER = """
import json, sys, threading, time
from jwks_auth import Issuer, Refused, TokenVerifier

name, jwks, url = sys.argv[1:]
verifier = TokenVerifier(Issuer(name, jwks=json.loads(jwks)), "api", revocation=url)

def code(raw):
    try:
        verifier.verify(raw)
    except Refused as error:
        return error.code

def ready(raw):
    while code(raw) is not None:
        pause.wait(0.01)
    return "good"

pause = threading.Event()
for line in sys.stdin:
    order, raw = line.split()
    if order == "ready":
        print(ready(raw), flush=True)
    elif order == "ask":
        print(code(raw), flush=True)
    else:
        while code(raw) != "revoked":
            pause.wait(0.01)
        print(time.time(), flush=True)
"""


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0", "valkey://127.0.0.1:1/0"])
def test_a_store_has_a_url(url: str) -> None:
    """For settings that are text; nothing is connected."""
    need_module("redis")
    assert isinstance(opened_revocations(url), RedisRevocations)
    settings = Settings.from_mapping({"ISSUER": "https://id.example/", "AUDIENCE": "api", "REVOCATION": url})
    assert isinstance(settings.verifier().revocation.store, RedisRevocations)


class Workers:
    """Processes that verify tokens."""

    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self.processes = processes

    def tell(self, order: str, raw: str) -> None:
        """Give each the same order."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(f"{order} {raw}\n")
            process.stdin.flush()

    def answers(self) -> list[str]:
        """What each has answered."""
        return [process.stdout.readline().strip() for process in self.processes if process.stdout]

    def ask(self, raw: str, order: str = "ask") -> list[str]:
        """What each makes of *raw*."""
        self.tell(order, raw)
        return self.answers()


@pytest.fixture(params=SERVERS)
def redis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Redis]:
    """A server that the test may kill."""
    need_module("redis")
    server = Redis(request.param, tmp_path)
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.kill()


@pytest.fixture
def issuer() -> FakeIssuer:
    """The provider."""
    return FakeIssuer("https://id.example/")


@pytest.fixture
def workers(redis: Redis, issuer: FakeIssuer) -> Iterator[Workers]:
    """Eight of them, warm."""
    keys = {name: value for name, value in issuer.jwks().items() if name == "keys"}
    command = [sys.executable, "-c", WORKER, issuer.issuer, json.dumps(keys), redis.url]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with ExitStack() as stack:
        found = [stack.enter_context(subprocess.Popen(command, **pipes)) for _ in range(8)]
        stack.enter_context(patience(*found))
        for process in found:
            stack.callback(process.kill)
        made = Workers(found)
        assert made.ask(issuer.token(), "ready") == ["good"] * 8
        yield made


def test_a_revocation_reaches_eight_workers_within_two_seconds(
    redis: Redis, issuer: FakeIssuer, workers: Workers
) -> None:
    """A busy machine may keep one from its work for longer: one of five times will do."""
    store, took = RedisRevocations.from_url(redis.url), list[float]()
    while len(took) < 5 and (not took or took[-1] > 2):
        raw = issuer.token(jti=f"t{len(took)}")
        assert workers.ask(raw) == ["None"] * 8
        workers.tell("until", raw)
        began = time.time()
        store.revoke(issuer.issuer, jti=f"t{len(took)}", ttl=60)
        took.append(max(map(float, workers.answers())) - began)
    assert took[-1] < 2, took


def test_a_thawed_process_takes_no_token_that_was_revoked_meanwhile(
    redis: Redis, issuer: FakeIssuer, workers: Workers
) -> None:
    """Its first request awaits what is true now, or is 503; it never judges by a copy of before."""
    raw = issuer.token(jti="t1")
    for process in workers.processes:
        process.send_signal(signal.SIGSTOP)
    RedisRevocations.from_url(redis.url).revoke(issuer.issuer, jti="t1", ttl=60)
    stand_still(10.5)
    workers.tell("ask", raw)
    for process in workers.processes:
        process.send_signal(signal.SIGCONT)
    assert set(workers.answers()) <= {"revoked", "key_source_unavailable"}


def verifier_of(issuer: FakeIssuer, url: str, **options: Any) -> TokenVerifier:
    """A verifier with a copy of its own."""
    return TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks), "api", revocation=url, **options)


def refusal(verifier: TokenVerifier, raw: str) -> str | None:
    """The code of the refusal."""
    try:
        verifier.verify(raw)
    except (InvalidTokenError, KeySourceError) as error:
        return error.code
    return None


def test_a_store_that_hangs_or_dies_is_503_and_comes_back(
    redis: Redis, issuer: FakeIssuer, tmp_path: Path
) -> None:
    """A new process has no copy: it takes no token unless that was typed out. No request waits for long."""
    raw = issuer.token()
    redis.process.send_signal(signal.SIGSTOP)
    closed, opened = (verifier_of(issuer, redis.url, **more) for more in ({}, {"revocation_fails": "open"}))
    assert soon(lambda: refusal(closed, raw)) == "key_source_unavailable"
    assert soon(lambda: refusal(opened, raw)) is None
    redis.process.send_signal(signal.SIGCONT)
    assert eventually(lambda: refusal(closed, raw) is None)
    redis.kill()
    assert refusal(closed, raw) is None  # by its copy
    assert refusal(verifier_of(issuer, redis.url), raw) == "key_source_unavailable"


def test_a_new_worker_reads_what_counts(redis: Redis, issuer: FakeIssuer) -> None:
    """Of thousands; another that knows them reads those that are new."""
    store = RedisRevocations.from_url(redis.url)
    assert store.read(None) == ([], 0)
    for number in range(1500):
        store.revoke(issuer.issuer, jti=str(number), ttl=600)
    found, position = store.read(None)
    assert len(found) == 1500
    assert store.read(position) == ([], position)
    store.revoke(issuer.issuer, jti="new", ttl=600)
    assert 1 <= len(store.read(position)[0]) < 100
    assert [store.once("a", 60), store.once("a", 60)] == [True, False]
    flush(redis)
    assert store.read(position) == ([], 0)
    store.revoke(issuer.issuer, jti="after", ttl=600)
    assert [each.value for each in store.read(position)[0]] == ["after"]


def flush(redis: Redis) -> None:
    """Lose all data."""
    with need_module("redis").Redis(port=redis.port) as client:
        client.flushall()


def test_many_writers_lose_no_revocation(redis: Redis, issuer: FakeIssuer) -> None:
    """Each has a number of its own, and a reader that follows sees them all."""
    stores = [RedisRevocations.from_url(redis.url) for _ in range(8)]
    seen, position, reader = set[str](), None, RedisRevocations.from_url(redis.url)

    def write(own: int) -> None:
        for number in range(50):
            stores[own].revoke(issuer.issuer, jti=f"{own}-{number}", ttl=600)

    threads = [threading.Thread(target=write, args=[own]) for own in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or not seen:
        found, position = reader.read(position)
        seen |= {each.value for each in found}
    for thread in threads:
        thread.join(PATIENCE)
    seen |= {each.value for each in reader.read(position)[0]}
    assert len(seen) == 400


def test_a_full_store_says_so_and_a_long_revocation_is_carried_on(
    redis: Redis, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets a new number before it would be out of a new worker's reach; nothing that counts is dropped."""
    for name in ("MOST_REVOCATIONS", "_ADD"):
        module = "jwks_auth.stores.shared_revocations"
        old = getattr(sys.modules[module], name)
        monkeypatch.setattr(f"{module}.{name}", 3 if name != "_ADD" else old.replace("100000", "3"))
    store = RedisRevocations.from_url(redis.url)
    store.revoke(issuer.issuer, jti="long", ttl=600)
    for number in range(2):
        store.revoke(issuer.issuer, jti=str(number), ttl=0.001)
    assert eventually(lambda: len(store.read(None)[0]) == 1)
    for number in range(2):
        store.revoke(issuer.issuer, jti=f"b{number}", ttl=600)
    assert sorted(each.value for each in store.read(None)[0]) == ["b0", "b1", "long"]
    with pytest.raises(StoreError, match="full"):
        store.revoke(issuer.issuer, jti="more", ttl=600)
    assert sorted(each.value for each in store.read(None)[0]) == ["b0", "b1", "long"]
