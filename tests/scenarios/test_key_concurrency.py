"""Threads, event loops, processes and hangs around one client, on real sockets."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest

from jwks_auth import KeySourceError, PyJWKClient
from jwks_auth.keys.refresher import Refresh
from jwks_auth.runtime.clock import elapsed
from tests.fault_server import FaultServer
from tests.key_fakes import document
from tests.patience import PATIENCE, eventually, soon, waiting_in


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A key endpoint with one good key."""
    with FaultServer(document({"a"})) as server:
        yield server


def test_64_threads_and_4_event_loops_make_one_fetch(server: FaultServer) -> None:
    """All of them cold, and all of them get the key."""
    client = PyJWKClient(server.url)
    server.hold()
    barrier = threading.Barrier(69)

    def in_thread(_: int) -> str:
        barrier.wait()
        return str(client.get_signing_key("a").key_id)

    def in_loop(_: int) -> list[str]:
        async def many() -> list[str]:
            keys = await asyncio.gather(*(client.aget_signing_key("a") for _ in range(25)))
            return [str(key.key_id) for key in keys]

        barrier.wait()
        return asyncio.run(many())

    with ThreadPoolExecutor(68) as pool:
        loops = [pool.submit(in_loop, number) for number in range(4)]
        threads = [pool.submit(in_thread, number) for number in range(64)]
        barrier.wait()
        assert eventually(lambda: waiting_in(Refresh.wait) == 64)
        server.let_go()
        assert [future.result() for future in threads] == ["a"] * 64
        assert [future.result() for future in loops] == [["a"] * 25] * 4
    assert server.requests == 1


def test_refreshes_asked_for_at_once_share_a_fetch(server: FaultServer) -> None:
    """``refresh=True`` from 16 threads, while one fetch is in progress."""
    client = PyJWKClient(server.url)
    server.hold()
    with ThreadPoolExecutor(16) as pool:
        refreshing = [pool.submit(client.get_jwk_set, refresh=True) for _ in range(16)]
        assert eventually(lambda: waiting_in(Refresh.wait) == 16)
        server.let_go()
        assert all(future.result()["a"] for future in refreshing)
    assert server.requests == 1


async def test_a_new_key_is_accepted_by_lookups_that_join_an_older_fetch(server: FaultServer) -> None:
    """Published while a slow answer without it is on its way: all that wait for that answer share one fetch more."""
    client = PyJWKClient(server.url)
    client.source.waiters.grace = 60.0
    await client.awarm_up()
    server.mode, server.delay = "slow", 0.5
    refresh = asyncio.create_task(client.aget_jwk_set(refresh=True))
    await asyncio.to_thread(server.wait_for_requests, 2)
    server.document = document({"a", "b"})
    with ThreadPoolExecutor(8) as pool:
        threads = [pool.submit(client.get_signing_key, "b") for _ in range(8)]
        keys = await asyncio.gather(*(client.aget_signing_key("b") for _ in range(25)))
        assert {key.key_id for key in keys} == {future.result().key_id for future in threads} == {"b"}
    await refresh
    assert server.requests == 3


def test_a_known_key_does_not_wait_for_a_hanging_provider(server: FaultServer) -> None:
    """Unknown kids park on the fetch; a thousand lookups of the known key pass them by."""
    client = PyJWKClient(server.url, timeout=600)
    client.warm_up()
    server.hold()
    unknown = [threading.Thread(target=_swallowing, args=(client, f"kid-{n}")) for n in range(5)]
    for thread in unknown:
        thread.start()
    server.wait_for_requests(2)
    for _ in range(1000):
        client.get_signing_key("a")
    assert any(thread.is_alive() for thread in unknown)
    server.let_go()
    for thread in unknown:
        thread.join(PATIENCE)
    assert server.requests <= 3  # one that they joined, and one that left after they came


def _swallowing(client: PyJWKClient, kid: str) -> None:
    with pytest.raises(jwt.PyJWKClientError):
        client.get_signing_key(kid)


async def test_an_event_loop_stays_free_while_the_endpoint_hangs(server: FaultServer) -> None:
    """Others' requests go on while one waits for a key, sync callbacks included."""
    client = PyJWKClient(server.url, timeout=600)
    server.hold()
    waiting = asyncio.ensure_future(client.aget_signing_key("a"))
    await asyncio.to_thread(server.wait_for_requests, 1)
    for _ in range(100):
        await asyncio.sleep(0)
    assert not waiting.done()
    server.let_go()
    assert (await waiting).key_id == "a"


async def test_a_loop_that_ends_early_leaves_no_trace(server: FaultServer) -> None:
    """The refresh ends after its first waiter's loop is closed; the next one has the keys."""
    client = PyJWKClient(server.url)
    server.hold()

    def impatient() -> None:
        async def wait_a_little() -> None:
            await asyncio.wait_for(client.aget_signing_key("a"), 0.05)

        with pytest.raises(TimeoutError):
            asyncio.run(wait_a_little())

    await asyncio.to_thread(impatient)
    server.let_go()
    assert (await client.aget_signing_key("a")).key_id == "a"
    assert server.requests == 1


def test_hung_name_resolution_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket exists yet that could be shut: the refresh is abandoned, and after two no more are started.

    ``fetch_data``, called by a program, keeps the same bounds.
    """
    release, calls = threading.Event(), []

    def hang(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        release.wait()
        raise socket.gaierror(socket.EAI_NONAME, "no such host")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    client = PyJWKClient("http://issuer.example/keys", timeout=0.1, cooldown_duration=0)
    ahead = 0.0
    client.source.clock = lambda: elapsed() + ahead
    try:
        for _ in range(4):
            with pytest.raises(KeySourceError) as caught:
                client.get_jwk_set(refresh=True)
            assert caught.value.kind == "timeout"
            ahead += 1.1  # a second after its deadline a refresh is given up
        assert len(calls) == 2
        assert client.health().last_error == "timeout"
        for _ in range(3):
            with pytest.raises(KeySourceError) as caught:
                client.fetch_data()
            assert caught.value.kind == "timeout"
        assert len(calls) == 4
    finally:
        release.set()


def _child(client: PyJWKClient, results: Any) -> None:
    try:
        known = client.get_signing_key("a").key_id
        with pytest.raises(jwt.PyJWKClientError):
            client.get_signing_key("b")
        results.put((known, client.get_jwk_set(refresh=True)["a"].key_id))
    except BaseException as exc:  # noqa: BLE001 - shown by the parent
        results.put(repr(exc))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_goes_on_with_the_keys(server: FaultServer) -> None:
    """gunicorn --preload, multiprocessing: forked while a refresh is in progress, the child fetches for itself."""
    context = multiprocessing.get_context("fork")
    client = PyJWKClient(server.url)
    client.warm_up()
    server.hold()
    refreshing = threading.Thread(target=client.get_jwk_set, args=(True,))
    refreshing.start()
    server.wait_for_requests(2)
    server.mode = "ok"
    results = context.SimpleQueue()
    child = context.Process(target=_child, args=(client, results))
    child.start()
    assert results.get() == ("a", "a")
    server.let_go()
    child.join(PATIENCE)
    refreshing.join(PATIENCE)
    assert child.exitcode == 0
    assert client.get_jwk_set(refresh=True)["a"]


def test_a_hanging_fetch_does_not_keep_the_interpreter_alive(server: FaultServer) -> None:
    """The thread is a daemon's, and exit is quick and silent."""
    server.mode = "hang"
    program = (
        "import sys, threading\n"
        "from jwks_auth import PyJWKClient\n"
        "client = PyJWKClient(sys.argv[1], timeout=600, wait=0.1)\n"
        "try: client.get_signing_key('a')\n"
        "except Exception as exc: print(exc.kind)\n"
    )
    command = [sys.executable, "-c", program, server.url]
    run = soon(lambda: subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True))
    assert run.stdout == "timeout\n"
    assert "Traceback" not in run.stderr


def test_no_thread_stays(server: FaultServer) -> None:
    """A client at rest has no thread, and one that is forgotten is collected."""
    before = set(threading.enumerate())
    client = PyJWKClient(server.url)
    client.warm_up()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    forgotten = weakref.ref(client)
    del client
    gc.collect()
    assert forgotten() is None
