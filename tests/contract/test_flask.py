"""The contract, in Flask: under the test client, and under every kind of WSGI server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import AuthRejected
from tests.contract.cases import CASES, SETTINGS, Case
from tests.contract.connexion_app import ConnexionApp
from tests.contract.flask_apps import TestClientApp, create_app
from tests.contract.flask_servers import GUNICORN, server_of
from tests.contract.runner import HTTPApp, check


@pytest.fixture(scope="module")
def issuer() -> FakeIssuer:
    """An issuer in this process."""
    return FakeIssuer()


@pytest.fixture(scope="module", params=["sync", "async", "sync, closed", "async, closed"])
def app(request: pytest.FixtureRequest, issuer: FakeIssuer) -> TestClientApp:
    """Sync and async views under the test client; *closed*: denied by default."""
    views, _, closed = request.param.partition(", ")
    given = {**issuer.settings(prefix="JWKS_AUTH_"), "JWKS_AUTH_REQUIRED": bool(closed)}
    return TestClientApp(create_app(given, views).test_client())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contract_under_the_test_client(app: TestClientApp, issuer: FakeIssuer, case: Case) -> None:
    """Every case of the table has the one right answer."""
    check(app, case, issuer)


def own(error: Any) -> Any:
    """An error handler of the app's own."""
    return {"own": error.code}, error.code


OWN_HANDLERS: dict[str, Callable[[Flask], None]] = {
    "for any HTTP error": lambda app: app.register_error_handler(HTTPException, own),
    "for refusals": lambda app: app.register_error_handler(AuthRejected, own),
    "for each status": lambda app: (
        [app.register_error_handler(each, own) for each in (400, 401, 403)] and None
    ),
}


@pytest.fixture(scope="module", params=OWN_HANDLERS)
def app_with_own_handler(request: pytest.FixtureRequest, issuer: FakeIssuer) -> TestClientApp:
    """An app that answers for errors in its own words."""
    app = create_app(issuer.settings(prefix="JWKS_AUTH_"))
    OWN_HANDLERS[request.param](app)
    return TestClientApp(app.test_client())


def with_body(case: Case, body: dict[str, Any]) -> Case:
    """The same case, with another body where it is a refusal."""
    return replace(case, body=body) if case.challenge is not None and case.body is not None else case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contract_with_a_handler_of_the_apps_own(
    app_with_own_handler: TestClientApp, issuer: FakeIssuer, case: Case
) -> None:
    """The body is the app's; status, challenges and what caches are told are the table's."""
    check(app_with_own_handler, with_body(case, {"own": case.status}), issuer)


@pytest.fixture(scope="module", params=["", "own"])
def connexion_app(request: pytest.FixtureRequest, issuer: FakeIssuer) -> ConnexionApp:
    """A Connexion app with its own handlers, or with one of the user's."""
    return ConnexionApp.made(issuer.settings(prefix="JWKS_AUTH_"), own=bool(request.param))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contract_in_connexion(connexion_app: ConnexionApp, issuer: FakeIssuer, case: Case) -> None:
    """Its ASGI middleware answers for errors, in the words of Connexion or of the app; the challenge is there."""
    check(connexion_app, connexion_app.expected(case), issuer)


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
