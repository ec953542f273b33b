"""The contract, in Flask: under the test client, and under every kind of WSGI server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jwks_auth.testing import FakeIssuer
from tests.contract.cases import CASES, SETTINGS, Case
from tests.contract.flask_apps import TestClientApp, create_app
from tests.contract.flask_servers import GUNICORN, server_of
from tests.contract.runner import HTTPApp, check


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
        issuer.settings(SETTINGS["AUDIENCE"])
        yield issuer


@pytest.fixture(scope="module", params=[*GUNICORN, "waitress"])
def server(request: pytest.FixtureRequest, served_issuer: FakeIssuer) -> Iterator[HTTPApp]:
    """Each server, started once."""
    with server_of(request.param, served_issuer) as running:
        yield HTTPApp(running.url)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contract_under_servers(server: HTTPApp, served_issuer: FakeIssuer, case: Case) -> None:
    """The same under real servers, which hand headers over each in its own way."""
    check(server, case, served_issuer, told=False)  # told in another process
