"""Back-channel logout under real servers: one worker is told, and all of them refuse the user's tokens."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from example_projects.demo.servers import AppServer, gunicorn
from jwks_auth.testing import FakeIssuer
from tests.contract.cases import LOGOUT_PATH
from tests.needs import need_module
from tests.patience import eventually
from tests.scenarios.test_store_redis import Redis

ROOT = Path(__file__).parents[2]
MODULE = "tests.scenarios.logout_app"
FORM = [("Content-Type", "application/x-www-form-urlencoded")]
WORKERS = {"gunicorn": 8, "waitress": 1}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A server of its own."""
    need_module("redis")
    server = Redis("redis-server", tmp_path)
    yield server
    server.kill()


def server_of(name: str, issuer: FakeIssuer, store: str) -> AppServer:
    """The app under *name*."""
    env = {
        "JWKS_AUTH_ISSUER": issuer.issuer,
        "JWKS_AUTH_ALLOW_FAKE_ISSUER": "true",
        "JWKS_AUTH_REVOCATION": store,
    }
    if name == "waitress":
        need_module("waitress")
        return AppServer(name, [sys.executable, "-m", MODULE, "{fd}"], ROOT, env)
    options = [f"--workers={WORKERS[name]}", "--preload"]
    return gunicorn(name, f"{MODULE}:create()", "--timeout=600", *options, cwd=ROOT, env=env)


class Crowd:
    """Clients that ask with one token for as long as the block lasts, and note when, and who answered what."""

    def __init__(self, server: AppServer, raw: str) -> None:
        self.answers: list[tuple[float, str, int]] = []
        self._server, self._headers = server, [("Authorization", f"Bearer {raw}")]
        self._over, self._pool = Event(), ThreadPoolExecutor(8)

    def __enter__(self) -> Crowd:
        self._asking = [self._pool.submit(self._ask) for _ in range(8)]
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pool.shutdown()
        for each in self._asking:
            each.result()

    def until(self, status: int, workers: int, since: float = 0.0) -> None:
        """Wait until so many workers have answered with *status*."""

        def have_answered() -> bool:
            asked = list(self.answers)
            return len({worker for at, worker, found in asked if found == status and at >= since}) >= workers

        assert eventually(have_answered), self.answers[-20:]

    def _ask(self) -> None:
        while not self._over.is_set():
            sent = time.time()
            answer = self._server.request("/me", self._headers)
            self.answers.append((sent, answer.headers["x-worker"][0], answer.status))


def seconds_to_reach(server: AppServer, issuer: FakeIssuer, sub: str, workers: int) -> float:
    """Log the user *sub* out at one worker; return how much later the last request was sent that any accepted."""
    with Crowd(server, issuer.token(sub=sub)) as crowd:
        crowd.until(200, workers)
        form = issuer.logout("web", sub=sub)
        began = time.time()
        assert server.request(LOGOUT_PATH, FORM, method="POST", body=form).status == 200
        crowd.until(401, workers, since=began)
    return max(at for at, _, status in crowd.answers if status == 200) - began


@pytest.mark.parametrize("name", WORKERS)
def test_a_logout_reaches_every_worker_within_two_seconds(name: str, redis: Redis) -> None:
    """A busy machine may keep one from its work for longer: one of five times will do. Others' tokens are good."""
    with FakeIssuer.serve() as issuer, server_of(name, issuer, redis.url) as server:
        took = list[float]()
        while len(took) < 5 and (not took or took[-1] > 2):
            took.append(seconds_to_reach(server, issuer, f"u{len(took)}", WORKERS[name]))
        assert took[-1] <= 2, took
        other = server.request("/me", [("Authorization", issuer.headers(sub="other")["Authorization"])])
        assert other.status == 200
        again = server.request(LOGOUT_PATH, FORM, method="POST", body=b"logout_token=junk")
        assert again.status == 400
