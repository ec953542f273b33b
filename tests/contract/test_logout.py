"""Back-channel logout in every framework: one table of requests and answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from jwks_auth.testing import FakeIssuer
from tests.asgi import serve
from tests.contract.asgi_apps import APPS, fastapi_app, starlette_app
from tests.contract.cases import SETTINGS
from tests.contract.connexion_app import ConnexionApp
from tests.contract.flask_apps import TestClientApp, create_app
from tests.contract.logouts import LOGOUTS, Logout, check_logout
from tests.contract.runner import App, HTTPApp
from tests.contract.test_django import CLOSED, SERVERS, SITES, STACKS, WAYS

each_row = pytest.mark.parametrize("row", LOGOUTS, ids=lambda row: row.name)


@pytest.fixture(scope="module")
def issuer() -> FakeIssuer:
    """The provider."""
    return FakeIssuer()


@pytest.fixture(scope="module", params=WAYS, ids=" ".join)
def django_site(request: pytest.FixtureRequest, issuer: FakeIssuer) -> Iterator[App]:
    """A site behind a stack of middleware; *closed*: denied by default."""
    site, stack = request.param
    urls, server = SITES[site]
    with override_settings(
        JWKS_AUTH={**issuer.settings(), **SETTINGS, **(CLOSED if stack == "closed" else {})},
        MIDDLEWARE=getattr(settings, STACKS.get(stack, "WITH_MIDDLEWARE")),
        ROOT_URLCONF=f"tests.django_site.{urls}",
    ):
        yield SERVERS[server]


@each_row
def test_in_django(django_site: App, issuer: FakeIssuer, row: Logout) -> None:
    """By the middleware, or by the view."""
    check_logout(django_site, row, issuer)


@pytest.fixture(scope="module", params=["sync", "async", "sync, closed", "connexion"])
def flask_app(request: pytest.FixtureRequest, issuer: FakeIssuer) -> Any:
    """Sync and async views, *closed*: denied by default; and within Connexion."""
    views, _, closed = request.param.partition(", ")
    given = {**issuer.settings(prefix="JWKS_AUTH_"), "JWKS_AUTH_REQUIRED": bool(closed)}
    if views == "connexion":
        return ConnexionApp.made(given, own=False)
    return TestClientApp(create_app(given, views).test_client())


@each_row
def test_in_flask(flask_app: App, issuer: FakeIssuer, row: Logout) -> None:
    """Before every guard."""
    check_logout(flask_app, row, issuer)


@pytest.fixture(scope="module", params=APPS)
def asgi_app(request: pytest.FixtureRequest, issuer: FakeIssuer) -> App:
    """FastAPI's router, Starlette's middleware."""
    return APPS[request.param](issuer)


@each_row
def test_in_asgi(asgi_app: App, issuer: FakeIssuer, row: Logout) -> None:
    """Whatever the application depends on."""
    check_logout(asgi_app, row, issuer)


@pytest.fixture(scope="module", params=[fastapi_app, starlette_app], ids=["fastapi", "starlette"])
def served(request: pytest.FixtureRequest, issuer: FakeIssuer) -> Iterator[App]:
    """Behind uvicorn."""
    with serve(request.param(issuer), http="h11") as url:
        yield HTTPApp(url)


@each_row
def test_behind_a_socket(served: App, issuer: FakeIssuer, row: Logout) -> None:
    """Bodies come in pieces."""
    check_logout(served, row, issuer)
