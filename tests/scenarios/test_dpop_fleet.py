"""Used proofs in a store that processes share: each is accepted once, whichever worker it is sent to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from example_projects.demo.servers import AppServer, gunicorn, uvicorn
from jwks_auth.testing import FakeClient, FakeIssuer
from tests.adapters.django.daemons import free_port, running
from tests.needs import need_module, need_tool
from tests.scenarios.test_store_redis import SERVERS, Redis, patience

PROJECTS = Path(__file__).parents[2] / "example_projects"
PUBLIC = "https://api.acme.dev"
PROOFS, PROCESSES = 1000, 8

WORKER = """
import asyncio, json, sys
from jwks_auth import InvalidProofError
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.proofs import replay

replay._PATIENCE = 60  # eight processes on two processors wait for each other
settings, way = json.loads(sys.argv[1]), sys.argv[2]
auth = Authenticator(settings, in_tests=True)
sent = [Credentials.from_headers(pairs, method="GET", url="https://api.acme.dev/me") for pairs in json.loads(input())]
print("ready", flush=True)
input()

async def asked(at):
    try:
        return at if await auth.aauthenticate(sent[at]) else None
    except InvalidProofError as error:
        assert error.code == "proof_replayed"

def ask(at):
    try:
        return at if auth.authenticate(sent[at]) else None
    except InvalidProofError as error:
        assert error.code == "proof_replayed"

async def all_of_them():
    found = []
    for start in range(0, len(sent), 50):
        found += await asyncio.gather(*(asked(at) for at in range(start, min(start + 50, len(sent)))))
    return found

found = asyncio.run(all_of_them()) if way == "async" else [ask(at) for at in range(len(sent))]
print(json.dumps([at for at in found if at is not None]), flush=True)
"""


@pytest.mark.parametrize("program", SERVERS)
def test_of_a_thousand_proofs_in_eight_processes_each_is_accepted_once(program: str, tmp_path: Path) -> None:
    """All get all of them at once, in threads and on event loops; one server of Redis knows which were used."""
    need_module("redis")
    server, issuer = Redis(program, tmp_path), FakeIssuer()
    settings = {**issuer.settings(), "JWKS": issuer.jwks(), "DPOP": "require", "PUBLIC_URL": PUBLIC,
                "DPOP_REPLAY": f"{server.url}?socket_timeout=60&socket_connect_timeout=60",
                "ALLOW_FAKE_ISSUER": True}  # fmt: skip
    client = issuer.client(dpop=True)
    token = client.token(sub="u1")
    sent = [list(client.headers("GET", f"{PUBLIC}/me", token=token).items()) for _ in range(PROOFS)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with ExitStack() as up:
        up.callback(server.kill)
        workers = [
            up.enter_context(
                subprocess.Popen([sys.executable, "-c", WORKER, json.dumps(settings), way], **pipes)
            )
            for way in ("sync", "async") * (PROCESSES // 2)
        ]
        up.enter_context(patience(*workers))
        for line, answer in ((json.dumps(sent), True), ("go", False)):
            for worker in workers:
                worker.stdin.write(f"{line}\n")  # type: ignore[union-attr]
                worker.stdin.flush()  # type: ignore[union-attr]
            for worker in workers if answer else ():
                assert worker.stdout.readline() == "ready\n"  # type: ignore[union-attr]
        accepted = [json.loads(worker.stdout.readline()) for worker in workers]  # type: ignore[union-attr]
    assert Counter(at for each in accepted for at in each) == Counter(range(PROOFS))


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """The URL of a server."""
    server = Redis("redis-server", folder)
    try:
        yield server.url
    finally:
        server.kill()


@contextmanager
def caches(kind: str, folder: Path) -> Iterator[str]:
    """The ``CACHES`` of Django, as JSON."""
    backend = "django.core.cache.backends."
    if kind == "redis":
        with redis(folder) as url:
            yield json.dumps({"default": {"BACKEND": backend + "redis.RedisCache", "LOCATION": url}})
        return
    port = free_port()
    with running([need_tool("memcached"), "-u", "nobody", "-l", "127.0.0.1", "-p", str(port)], port):
        memcached = {"BACKEND": backend + "memcached.PyMemcacheCache", "LOCATION": f"127.0.0.1:{port}"}
        yield json.dumps({"default": memcached})


def _env(issuer: str, **others: str) -> dict[str, str]:
    return {
        "JWKS_AUTH_ISSUER": issuer,
        "JWKS_AUTH_ALLOW_FAKE_ISSUER": "true",
        "JWKS_AUTH_AUDIENCE": "api",
        "JWKS_AUTH_DPOP": "require",
        "JWKS_AUTH_PUBLIC_URL": PUBLIC,
        "DJANGO_SETTINGS_MODULE": "tests.interop.bound_settings",
        "PYTHONPATH": str(PROJECTS.parent),
        "no_proxy": "127.0.0.1",
        **others,
    }


APPS: dict[str, Callable[[dict[str, str]], AppServer]] = {
    "Django": lambda env: gunicorn("Django", "app:application", cwd=PROJECTS / "django_api", env=env),
    "Flask": lambda env: gunicorn("Flask", "app:create_app()", cwd=PROJECTS / "flask_api", env=env),
    "FastAPI": lambda env: uvicorn("FastAPI", "app:app", cwd=PROJECTS / "fastapi_api", env=env),
}


def status(server: AppServer, headers: dict[str, str]) -> int:
    """The answer to a request with a token and its proof."""
    return server.request("/me", headers.items()).status


def proved(client: FakeClient) -> dict[str, str]:
    """The headers of a request."""
    return client.headers("GET", f"{PUBLIC}/me", sub="u1")


def test_a_proof_replayed_on_another_worker(subtests: Any, tmp_path: Path) -> None:
    """One that shares the store refuses it; a control with memory of each worker's own accepts it."""
    need_module("redis")
    with ExitStack() as up:
        issuer = up.enter_context(FakeIssuer.serve())
        url = up.enter_context(redis(tmp_path))
        stores = {
            **{name: (name, {"JWKS_AUTH_DPOP_REPLAY": url}) for name in APPS},
            "Django's cache on memcached": ("Django", {"JWKS_AUTH_DPOP_REPLAY": "cache:default",
                                                       "CACHES": up.enter_context(caches("memcached", tmp_path))}),
            "Django's cache on Redis": ("Django", {"JWKS_AUTH_DPOP_REPLAY": "cache:default",
                                                   "CACHES": up.enter_context(caches("redis", tmp_path))}),
            "memory": ("Flask", {"JWKS_AUTH_DPOP_REPLAY": "memory"}),
        }  # fmt: skip
        client = issuer.client(dpop=True)
        for store, (name, env) in stores.items():
            with subtests.test(store), ExitStack() as workers:
                made = [APPS[name](_env(issuer.issuer, **env)) for _ in range(2)]
                one, other = map(workers.enter_context, made)
                headers = proved(client)
                found = [status(worker, headers) for worker in (one, other, one)]
                assert found == [200, 200 if store == "memory" else 401, 401], other.log()


@pytest.mark.parametrize("name", APPS)
def test_a_store_that_stops_answering_is_an_answer_503(name: str, tmp_path: Path) -> None:
    """And the next request is served once it answers again."""
    need_module("redis")
    server = Redis("redis-server", tmp_path)
    with ExitStack() as up:
        up.callback(server.kill)
        issuer = up.enter_context(FakeIssuer.serve())
        client, env = issuer.client(dpop=True), _env(issuer.issuer, JWKS_AUTH_DPOP_REPLAY=server.url)
        app = up.enter_context(APPS[name](env))
        assert status(app, proved(client)) == 200
        server.process.send_signal(signal.SIGSTOP)
        up.callback(partial(server.process.send_signal, signal.SIGCONT))
        assert [status(app, proved(client)) for _ in range(3)] == [503] * 3
        server.process.send_signal(signal.SIGCONT)
        assert 200 in [status(app, proved(client)) for _ in range(5)]
