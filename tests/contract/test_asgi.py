"""FastAPI and Starlette answer as the table says: under the test client, and under uvicorn's two parsers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi import HTTPException
from starlette.applications import Starlette
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount

from jwks_auth.testing import FakeIssuer
from tests.asgi import serve
from tests.contract.asgi_apps import APPS, ClientApp, fastapi_app, starlette_app
from tests.contract.cases import CASES, OWN, OWN_HANDLER, Case
from tests.contract.runner import App, HTTPApp, check

SERVED: dict[str, Callable[[FakeIssuer], Any]] = {
    "fastapi": fastapi_app,
    "fastapi sync": lambda issuer: fastapi_app(issuer, sync=True),
    "starlette": starlette_app,
    "fastapi mounted": lambda issuer: Starlette(routes=[Mount("/", fastapi_app(issuer))]),
}

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(scope="module", params=APPS)
def in_process(request: pytest.FixtureRequest) -> tuple[App, FakeIssuer, bool]:
    """An app behind the test client, its issuer, and whether it refuses bad tokens where the route is known."""
    issuer = FakeIssuer()
    return APPS[request.param](issuer), issuer, knows_route(request.param)


def knows_route(name: str) -> bool:
    """Starlette's middleware, as Django's, does not."""
    return not name.startswith("starlette") or "without" in name


@pytest.fixture(scope="module", params=SERVED)
def served(request: pytest.FixtureRequest, parser: str) -> Iterator[tuple[App, FakeIssuer, bool]]:
    """An app behind uvicorn, and its issuer."""
    issuer = FakeIssuer()
    with serve(SERVED[request.param](issuer), http=parser) as url:
        yield HTTPApp(url), issuer, knows_route(request.param)


@pytest.fixture(scope="module", params=["h11", "httptools"])
def parser(request: pytest.FixtureRequest) -> str:
    """uvicorn's HTTP parsers."""
    return str(request.param)


@each_case
def test_contract(in_process: tuple[App, FakeIssuer, bool], case: Case) -> None:
    """Status, challenges and body are the table's."""
    app, issuer, knows = in_process
    check(app, case, issuer, knows_route=knows)


@each_case
def test_contract_under_uvicorn(served: tuple[App, FakeIssuer, bool], case: Case) -> None:
    """Status, challenges and body are the table's behind a socket, where headers come as they were sent."""
    app, issuer, knows = served
    check(app, case, issuer, knows_route=knows)


@pytest.fixture(scope="module")
def with_default_handler() -> tuple[App, FakeIssuer]:
    """A FastAPI app that never heard of our error handlers."""
    issuer = FakeIssuer()
    return ClientApp(fastapi_app(issuer, handlers=False)), issuer


@each_case
def test_contract_with_fastapis_own_handler(with_default_handler: tuple[App, FakeIssuer], case: Case) -> None:
    """Status and challenges are the table's; the body has FastAPI's shape."""
    app, issuer = with_default_handler
    if case.challenge is not None and case.body is not None:
        case = replace(case, body={"detail": case.body["error_description"]})
    check(app, case, issuer)


async def own_answer(request: Request, exc: Exception) -> JSONResponse:
    """A handler as applications have it, which knows nothing of headers."""
    assert isinstance(exc, StarletteHTTPException)
    return JSONResponse(OWN, exc.status_code)


OWN_APPS: dict[str, Callable[[FakeIssuer], Starlette]] = {
    "fastapi": lambda issuer: fastapi_app(issuer, handlers=False),
    "fastapi sync": lambda issuer: fastapi_app(issuer, handlers=False, sync=True),
    "starlette": lambda issuer: starlette_app(issuer, middleware=False),
    "starlette sync": lambda issuer: starlette_app(issuer, middleware=False, sync=True),
}


@pytest.fixture(
    scope="module",
    params=[(name, handled) for name in OWN_APPS for handled in ("own", "starlette's")],
    ids=" ".join,
)
def with_own_handler(request: pytest.FixtureRequest) -> tuple[App, FakeIssuer]:
    """An app whose handler is for FastAPI's ``HTTPException``, or for Starlette's."""
    name, handled = request.param
    issuer = FakeIssuer()
    app = OWN_APPS[name](issuer)
    app.add_exception_handler(HTTPException if handled == "own" else StarletteHTTPException, own_answer)
    return ClientApp(app), issuer


@pytest.mark.parametrize("case", OWN_HANDLER, ids=lambda case: case.name)
def test_contract_with_a_handler_of_ones_own(with_own_handler: tuple[App, FakeIssuer], case: Case) -> None:
    """Status and challenges are the table's, whatever the handler leaves out."""
    app, issuer = with_own_handler
    check(app, case, issuer)
