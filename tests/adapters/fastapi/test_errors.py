"""Refusals under FastAPI's own handler, a user's, and ours."""

from typing import Any

import pytest
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from jwks_auth import AuthError, ConfigurationError
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import (
    BadCredentials,
    Forbidden,
    JWTBearer,
    KeysUnavailable,
    Policy,
    RequestRejected,
    Unauthorized,
    install_error_handlers,
)
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt

KINDS = {400: BadCredentials, 401: Unauthorized, 403: Forbidden, 503: KeysUnavailable}


def app_for(issuer: FakeIssuer) -> FastAPI:
    """One route, which asks for a role."""
    auth = JWTBearer(issuer.settings())
    app = FastAPI()

    @app.get("/", dependencies=[Depends(auth.requires(Policy(roles="admin")))])
    def home() -> None: ...

    return app


def refusals(app: Any, issuer: FakeIssuer) -> dict[int, Any]:
    """One answer of each status."""
    client = TestClient(app)
    good = issuer.headers(roles=["admin"])
    with issuer.outage():
        unavailable = client.get("/", headers=good)
    found = [
        unavailable,
        client.get("/", headers={"Authorization": "Bearer"}),
        client.get("/", headers=issuer.headers(expires_in=-3600)),
        client.get("/", headers=issuer.headers()),
    ]
    return {answer.status_code: answer for answer in found}


def check_headers(answers: dict[int, Any]) -> None:
    """Every status came, with its header."""
    assert set(answers) == {400, 401, 403, 503}
    for status, answer in answers.items():
        assert ("retry-after" in answer.headers) is (status == 503)
        assert ("www-authenticate" in answer.headers) is (status != 503)


def test_fastapis_own_handler(issuer: FakeIssuer) -> None:
    """``{"detail": ...}`` with the right status and headers."""
    answers = refusals(app_for(issuer), issuer)
    check_headers(answers)
    assert answers[401].json() == {"detail": "The access token has expired"}


@pytest.mark.parametrize("registered", [RequestRejected, HTTPException, StarletteHTTPException])
def test_a_users_own_handler(issuer: FakeIssuer, registered: type[Exception]) -> None:
    """A handler for our base class, for FastAPI's or for Starlette's gets everything it needs."""
    app = app_for(issuer)

    @app.exception_handler(registered)
    async def answer(request: Request, exc: RequestRejected) -> JSONResponse:
        assert type(exc) is KINDS[exc.status_code]
        return JSONResponse({"oops": exc.reason}, exc.status_code, exc.headers)

    answers = refusals(app, issuer)
    check_headers(answers)
    assert answers[403].json() == {"oops": "insufficient_scope"}


def test_a_users_handler_for_a_status(issuer: FakeIssuer) -> None:
    """``@app.exception_handler(401)`` as for any ``HTTPException``."""
    app = app_for(issuer)

    @app.exception_handler(401)
    async def answer(request: Request, exc: HTTPException) -> JSONResponse:
        return JSONResponse({"please": "sign in"}, 401, exc.headers)

    answers = refusals(app, issuer)
    check_headers(answers)
    assert answers[401].json() == {"please": "sign in"}


def test_rfc6750_bodies(issuer: FakeIssuer) -> None:
    """``install_error_handlers(app)``: the body that the other frameworks' adapters give."""
    app = app_for(issuer)
    install_error_handlers(app)
    answers = refusals(app, issuer)
    check_headers(answers)
    assert answers[401].json() == {
        "error": "invalid_token",
        "error_description": "The access token has expired",
    }
    assert answers[401].headers["content-type"] == "application/json"
    assert answers[503].json()["error"] == "temporarily_unavailable"


def test_problem_details(issuer: FakeIssuer) -> None:
    """``install_error_handlers(app, "problem+json")``: RFC 9457."""
    app = app_for(issuer)
    install_error_handlers(app, "problem+json")
    answers = refusals(app, issuer)
    check_headers(answers)
    assert answers[403].headers["content-type"] == "application/problem+json"
    assert answers[403].json() == {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "The access token does not allow this request",
        "error": "insufficient_scope",
    }


class TooMany(AuthError):
    """A service's own refusal."""

    status = 429
    error = "slow_down"

    def __init__(self) -> None:
        super().__init__("too_many", "Not so fast")


def test_a_refusal_of_the_users_own_keeps_its_status(issuer: FakeIssuer) -> None:
    """A validator may raise an ``AuthError`` of any status."""

    def refuse(token: Any, now: float) -> None:
        raise TooMany

    auth = JWTBearer({**issuer.settings(), "VALIDATORS": [refuse]})
    app = FastAPI(dependencies=[Depends(auth)])
    app.add_api_route("/", lambda: None)
    answer = TestClient(app).get("/", headers=issuer.headers())
    assert (answer.status_code, answer.json()) == (429, {"detail": "Not so fast"})
    assert 'error="slow_down"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("installed", [True, False])
def test_plain_starlette_answers_alike(issuer: FakeIssuer, installed: bool) -> None:
    """``require_jwt`` raises the same errors, and Starlette's own handler gives RFC 6750's body too."""
    backend = JWTAuthenticationBackend(issuer.settings())

    @require_jwt(backend=backend, roles="admin")
    def home(request: Any) -> Any: ...

    app = Starlette(routes=[Route("/", home)])
    if installed:
        install_error_handlers(app)
    answers = refusals(app, issuer)
    check_headers(answers)
    assert answers[401].json()["error_description"] == "The access token has expired"
    assert answers[401].headers["content-type"] == "application/json"


def test_an_unknown_body_is_refused() -> None:
    """When the handlers are installed, with what is expected."""
    with pytest.raises(ConfigurationError, match=r"expected one of rfc6750, problem\+json"):
        install_error_handlers(FastAPI(), "xml")  # type: ignore[arg-type]
