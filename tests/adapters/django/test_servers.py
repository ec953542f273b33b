"""Real servers under load, through a rotation and an outage: no 5xx, no wrong 401, about one fetch for all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from example_projects.demo.servers import AppServer, gunicorn, uvicorn
from jwks_auth.testing import FakeIssuer
from tests.adapters.django.daemons import free_port, running
from tests.load import Load, Phase
from tests.needs import need_module, need_tool
from tests.patience import PATIENCE

PROJECT = Path(__file__).with_name("served")


def wsgi(env: dict[str, str]) -> AppServer:
    """Four workers, forked from one process that has loaded the project."""
    options = ("--preload", "--workers", "4", "--timeout", "600", "--log-level", "error")
    return gunicorn("Django", "app:application", *options, cwd=PROJECT, env=env)


def asgi(env: dict[str, str]) -> AppServer:
    """One process, one event loop."""
    return uvicorn("Django", "app:async_application", cwd=PROJECT, env=env)


@pytest.mark.parametrize(
    ("server", "path"), [(wsgi, "/me"), (asgi, "/async/me")], ids=["gunicorn", "uvicorn"]
)
def test_through_a_rotation_and_an_outage(
    server: Callable[[dict[str, str]], AppServer], path: str, tmp_path: Any
) -> None:
    """Keys are shared through CACHE, in a real Redis: what one request fetched, all workers find there."""
    need_module("redis")
    port = free_port()
    redis = [need_tool("redis-server"), "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    with running(redis, port), FakeIssuer.serve() as issuer:
        env = {"JWKS_AUTH_ISSUER": issuer.issuer, "REDIS_URL": f"redis://127.0.0.1:{port}"}
        with server(env) as started:
            load = Load(started, issuer, path=path)
            phases = [led(load, "warm")]
            issuer.rotate()
            phases.append(led(load, "rotation"))
            for mode in ("error", "hang"):
                with issuer.outage(mode):
                    phases.append(load.run(mode, sub="u1"))
            issuer.rotate()
            phases.append(led(load, "recovery"))
            alone = started.log(last=1_000_000).count("the store is of no use")
        fetched = issuer.requests[issuer.jwks_path]
    for phase in phases:
        assert phase.only(200), phase
    # A worker that a busy machine keeps from the store fetches by itself for a while, and says so.
    assert 3 <= fetched <= 3 + 3 * alone, (
        "one for each of three sets of keys, not one for each of four workers"
    )


def led(load: Load, name: str) -> Phase:
    """Load on all workers, after one request to one of them."""
    headers = load.issuer.headers(sub="u1")
    with urlopen(Request(load.server.url + load.path, headers=headers), timeout=PATIENCE) as answer:
        assert answer.status == 200
    return load.run(name, sub="u1")
