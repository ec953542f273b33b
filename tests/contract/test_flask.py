"""The contract, in Flask: under the test client, and under every kind of WSGI server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from example_projects.demo.servers import AppServer, gunicorn
from jwks_auth.testing import FakeIssuer
from tests.contract.cases import AUDIENCES, CASES, Case
from tests.contract.flask_apps import TestClientApp, create_app
from tests.contract.runner import HTTPApp, check
from tests.needs import need_module

ROOT = Path(__file__).parents[2]
GUNICORN = {
    "gunicorn sync": [],
    "gunicorn gthread": ["--worker-class=gthread", "--threads=4"],
    "gunicorn gevent": ["--worker-class=gevent"],
    "gunicorn --preload": ["--preload", "--workers=2"],
}
SERVERS = [*GUNICORN, "waitress"]


@pytest.fixture(scope="module")
def issuer() -> FakeIssuer:
    """An issuer in this process."""
    return FakeIssuer()


@pytest.fixture(scope="module", params=["sync", "async"])
def app(request: pytest.FixtureRequest, issuer: FakeIssuer) -> TestClientApp:
    """Sync and async views under the test client."""
    return TestClientApp(create_app(issuer.settings(prefix="JWKS_AUTH_"), request.param).test_client())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contract_under_the_test_client(app: TestClientApp, issuer: FakeIssuer, case: Case) -> None:
    """Every case of the table has the one right answer."""
    check(app, case, issuer)


@pytest.fixture(scope="module")
def served_issuer() -> Iterator[FakeIssuer]:
    """An issuer the servers fetch their keys from."""
    with FakeIssuer.serve() as issuer:
        issuer.settings(AUDIENCES)
        yield issuer


def server_of(name: str, issuer: FakeIssuer) -> AppServer:
    """The contract's app under the server *name*."""
    env = {"JWKS_AUTH_ISSUER": issuer.issuer}
    if name == "waitress":
        need_module("waitress")
        return AppServer(name, [sys.executable, "-m", "tests.contract.serve_waitress", "{fd}"], ROOT, env)
    if "gevent" in name:
        need_module("gevent")
    return gunicorn(name, "tests.contract.flask_apps:create_app()", *GUNICORN[name], cwd=ROOT, env=env)


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, served_issuer: FakeIssuer) -> Iterator[HTTPApp]:
    """Each server, started once."""
    with server_of(request.param, served_issuer) as running:
        yield HTTPApp(running.url)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contract_under_servers(server: HTTPApp, served_issuer: FakeIssuer, case: Case) -> None:
    """The same under real servers, which hand headers over each in its own way."""
    check(server, case, served_issuer)
