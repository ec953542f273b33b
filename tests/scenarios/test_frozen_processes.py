"""Processes that are frozen between requests, as by AWS Lambda and Cloud Run: SIGSTOP, SIGCONT, real sockets."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.fault_server import FaultServer
from tests.key_fakes import document
from tests.patience import stand_still

WORKER = """
import json, sys
from jwks_auth import PyJWKClient

client = PyJWKClient(sys.argv[1], **json.loads(sys.argv[2]))
for line in sys.stdin:
    try:
        found = client.source.resolve(line.strip(), "EdDSA").kid
    except Exception as exc:
        found = getattr(exc, "kind", None) or exc.code
    health = client.health()
    print(json.dumps({"found": found, "failures": health.failures, "state": health.state}), flush=True)
"""

LIFESPAN = 2.0
OPTIONS = {"lifespan": LIFESPAN, "timeout": 1.0, "wait": 5.0, "stale_if_error": 3600}


class Function:
    """A process that runs while it has a request, and is frozen before and after."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        process.send_signal(signal.SIGSTOP)

    def request(self, kid: str) -> dict[str, Any]:
        """Thaw it, let it look for *kid*, and freeze it as soon as it has answered."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{kid}\n")
        process.stdin.flush()
        process.send_signal(signal.SIGCONT)
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGSTOP)
        return answer

    def found(self, kid: str) -> str:
        """What a request with *kid* is answered."""
        return str(self.request(kid)["found"])

    def begin(self, kid: str) -> None:
        """Let it look for *kid*, without waiting for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{kid}\n")
        self._process.stdin.flush()
        self._process.send_signal(signal.SIGCONT)

    def freeze(self) -> None:
        """Freeze it in the midst of a request."""
        self._process.send_signal(signal.SIGSTOP)

    def end(self) -> dict[str, Any]:
        """Thaw it, and return the answer to what it had begun."""
        self._process.send_signal(signal.SIGCONT)
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        self._process.send_signal(signal.SIGSTOP)
        return answer


@contextmanager
def function(provider: FaultServer, **options: Any) -> Iterator[Function]:
    """A process, frozen from the start."""
    command = [sys.executable, "-c", WORKER, provider.url, json.dumps({**OPTIONS, **options})]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield Function(process)
        finally:
            process.kill()


@pytest.fixture
def provider() -> Iterator[FaultServer]:
    """A key endpoint with one good key."""
    with FaultServer(document({"a"})) as server:
        yield server


def test_a_rotated_key_is_accepted_by_each_invocation(provider: FaultServer) -> None:
    """However long the process was frozen before it, every new key is found on first use; the withdrawn one is gone."""
    with function(provider) as lambda_:
        assert lambda_.found("a") == "a"
        for rotation, pause in enumerate((0.0, 3.0, 0.5, 3.0)):
            stand_still(pause)
            provider.document = document({f"key-{rotation}"})
            assert lambda_.found(f"key-{rotation}") == f"key-{rotation}"
        assert lambda_.found("a") == "unknown_key"


def test_a_background_refresh_that_is_cut_off_is_no_failure(provider: FaultServer) -> None:
    """It is dropped; the known key is served all the while, and a new one waits for a fetch of its own."""
    with function(provider) as lambda_:
        assert lambda_.found("a") == "a"
        asked = provider.requests
        provider.hold()
        while provider.requests == asked:  # ahead of their expiry the keys are renewed in the background
            assert lambda_.found("a") == "a"
        stand_still(3.5)  # past the deadline of the fetch that was cut off
        provider.mode = "ok"
        provider.document = document({"b"})
        answer = lambda_.request("b")
        assert (answer["found"], answer["failures"], answer["state"]) == ("b", 0, "fresh")
        provider.let_go()


def test_no_answer_hangs_on_a_fetch_of_an_earlier_request(provider: FaultServer) -> None:
    """That one was frozen in its fetch, which the provider never answers; after the thaw both have another."""
    with function(provider, wait=600.0, timeout=600.0) as lambda_:
        assert lambda_.found("a") == "a"
        provider.mode = "hang"
        lambda_.begin("b")
        provider.wait_for_requests(2)
        lambda_.freeze()
        stand_still(3.0)
        provider.mode, provider.document = "ok", document({"a", "b"})
        lambda_.begin("b")
        answers = [lambda_.end(), lambda_.request("b")]
        assert [(answer["found"], answer["failures"]) for answer in answers] == [("b", 0)] * 2


def test_a_cold_start_that_was_cut_off_starts_again(provider: FaultServer) -> None:
    """The first invocation timed out while the provider hung; the next one fetches for itself, at once."""
    with function(provider) as lambda_:
        provider.mode = "hang"
        lambda_.begin("a")
        provider.wait_for_requests(1)
        lambda_.freeze()
        stand_still(3.5)
        provider.mode = "ok"
        lambda_.end()
        answer = lambda_.request("a")
        assert (answer["found"], answer["failures"]) == ("a", 0)


def test_an_outage_is_seen_by_whoever_starts_a_fetch_and_ends_with_it(provider: FaultServer) -> None:
    """A stale key is served all the while, a new one is 503; with the provider back it is found in the next request."""
    with function(provider) as lambda_:
        assert lambda_.found("a") == "a"
        provider.mode = "error500"
        stand_still(3.0)
        for _ in range(3):
            assert lambda_.found("a") == "a"
            assert lambda_.found("b") == "status"
            stand_still(1.0)
        provider.mode, provider.document = "ok", document({"b"})
        stand_still(6.0)  # longer than the backoff of three failures
        assert lambda_.found("b") == "b"


def test_a_good_answer_that_comes_late_is_taken(provider: FaultServer) -> None:
    """It lay in the socket while the process stood still: as old as it may be, and used."""
    with function(provider, lifespan=300.0, timeout=30.0, wait=0.2) as lambda_:
        assert lambda_.found("a") == "a"
        provider.hold()
        provider.document = document({"a", "b"})
        assert lambda_.found("b") == "timeout"  # it waits for 0.2 s, and the process is frozen
        provider.let_go()
        stand_still(3.0)
        asked = provider.requests
        assert lambda_.found("b") in ("b", "timeout")
        assert lambda_.found("b") == "b"
        assert provider.requests <= asked + 1
