"""The OpenAPI document, completed at the start: refusals, optional tokens, each scope once."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Security
from fastapi.security import HTTPBasic
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.responses import JSONResponse

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import (
    JWTBearer,
    OpenAPISettings,
    Policy,
    RequestRejected,
    install_error_handlers,
    protect,
)

STATUSES = {"400", "401", "403", "503"}


def served(app: FastAPI) -> dict[str, Any]:
    """The document, as a started application serves it."""
    with TestClient(app) as client:
        found = client.get("/openapi.json").json()
        assert client.get("/openapi.json").json() == found
    return dict(found)


def operations(found: dict[str, Any]) -> dict[str, Any]:
    """Each operation's security and documented refusals."""
    return {
        path: (item["get"].get("security"), STATUSES & set(item["get"]["responses"]))
        for path, item in found["paths"].items()
    }


def test_the_lifespan_completes_the_document(auth: JWTBearer) -> None:
    """Without ``responses=``; routes without a token stay as they are."""
    app = FastAPI(lifespan=auth.lifespan)
    router = APIRouter(prefix="/{tenant}", dependencies=[Security(auth, scopes=["a"])])
    router.add_api_route(
        "/orders/{rest:path}", lambda tenant, rest: None, dependencies=[Security(auth, scopes=["a", "b"])]
    )
    app.include_router(router)
    app.add_api_route("/me", lambda: None, dependencies=[Depends(auth)])
    app.add_api_route(
        "/twin", lambda: None, dependencies=[Depends(auth.variant(audience="api")), Depends(auth)]
    )
    app.add_api_route("/maybe", lambda: None, dependencies=[Depends(auth.optional)])
    app.add_api_route("/both", lambda: None, dependencies=[Depends(auth.optional), Depends(auth)])
    any_scope = Policy(any_scope=["x", "y"])
    app.add_api_route("/any", lambda: None, dependencies=[Depends(auth.requires(any_scope))])
    app.add_api_route("/basic", lambda: None, dependencies=[Depends(auth.optional), Depends(HTTPBasic())])
    app.add_api_route("/public", lambda: None)
    found = served(app)
    assert operations(found) == {
        "/{tenant}/orders/{rest}": ([{"JWTBearer": ["a", "b"]}], STATUSES),
        "/me": ([{"JWTBearer": []}], STATUSES),
        "/twin": ([{"JWTBearer": []}], STATUSES),
        "/maybe": ([{"JWTBearer": []}, {}], STATUSES),
        "/both": ([{"JWTBearer": []}], STATUSES),
        "/any": ([{"JWTBearer": ["x"]}, {"JWTBearer": ["y"]}], STATUSES),
        "/basic": ([{"JWTBearer": []}, {"HTTPBasic": []}], STATUSES),
        "/public": (None, set()),
    }
    schema = found["paths"]["/me"]["get"]["responses"]["401"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["detail"]


def test_a_document_without_a_start(auth: JWTBearer) -> None:
    """``auth.document(app)``, once or twice; what a route says itself stays, and a later route is there too."""
    app, inner = FastAPI(), FastAPI()
    own: dict[int | str, dict[str, Any]] = {401: {"description": "Sign in"}}
    for each in (app, inner):
        each.add_api_route("/me", lambda: None, dependencies=[Depends(auth)], responses=own)
    app.mount("/inner", inner)
    auth.document(app)
    auth.optional.document(app)
    for each in (app, inner):
        responses = each.openapi()["paths"]["/me"]["get"]["responses"]
        assert responses["401"] == {"description": "Sign in"}
        assert set(responses) == {"200", *STATUSES}
    app.add_api_route("/late", lambda: None, dependencies=[Depends(auth)])
    app.openapi_schema = None
    assert set(app.openapi()["paths"]["/late"]["get"]["responses"]) >= STATUSES


@pytest.mark.parametrize(
    ("prepare", "types"),
    [
        (lambda app: install_error_handlers(app), {"application/json": "error"}),
        (lambda app: install_error_handlers(app, "problem+json"), {"application/problem+json": "type"}),
        (lambda app: app.add_exception_handler(HTTPException, mine), {}),
        (lambda app: app.add_exception_handler(RequestRejected, mine), {}),
    ],
    ids=["rfc6750", "problem+json", "own", "own for refusals"],
)
def test_the_body_is_that_of_the_handlers(auth: JWTBearer, prepare: Any, types: dict[str, str]) -> None:
    """The one of a handler of the application's own is not known."""
    app = FastAPI(lifespan=auth.lifespan)
    prepare(app)
    app.add_api_route("/me", lambda: None, dependencies=[Depends(auth)])
    refusal = served(app)["paths"]["/me"]["get"]["responses"]["403"]
    content = refusal.get("content", {})
    assert {kind: each["schema"]["required"][0] for kind, each in content.items()} == types
    assert "WWW-Authenticate" in refusal["headers"]


@pytest.mark.parametrize("body", [None, "rfc6750"])
def test_the_body_is_that_of_the_settings(issuer: FakeIssuer, body: Any) -> None:
    """As the installed handler answers; one that was chosen for it comes first."""
    auth = JWTBearer({**issuer.settings(), "ERROR_BODY": "problem+json"})
    app = FastAPI(lifespan=auth.lifespan)
    install_error_handlers(app, body)
    app.add_api_route("/me", lambda: None, dependencies=[Depends(auth)])
    refusal = served(app)["paths"]["/me"]["get"]["responses"]["401"]
    answer = TestClient(app).get("/me")
    assert [*refusal["content"]] == [answer.headers["content-type"]]
    assert answer.headers["content-type"] == f"application/{'json' if body else 'problem+json'}"


async def mine(request: Request, exc: Exception) -> JSONResponse:
    """A handler of the application's own."""
    return JSONResponse({})


def test_protected_routes_document_refusals(auth: JWTBearer) -> None:
    """A route without a guard of its own needs a token too."""
    app = FastAPI(lifespan=auth.lifespan)
    app.add_api_route("/me", lambda: None)
    protect(app, auth, public_paths=["/openapi.json"])
    assert operations(served(app))["/me"][1] == STATUSES


def test_two_services_document_their_own(issuer: FakeIssuer) -> None:
    """Each by its name, in one application."""
    people, robots = (
        JWTBearer(issuer.settings(), openapi=OpenAPISettings(scheme_name=name))
        for name in ("People", "Robots")
    )
    app = FastAPI()
    app.add_api_route("/p", lambda: None, dependencies=[Depends(people.optional)])
    app.add_api_route("/r", lambda: None, dependencies=[Depends(robots)])
    people.document(app)
    robots.document(app)
    assert operations(app.openapi()) == {
        "/p": ([{"People": []}, {}], STATUSES),
        "/r": ([{"Robots": []}], STATUSES),
    }


def test_swagger_signs_in_where_a_provider_needs_an_audience(
    issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``OPENAPI__AUTHORIZE_PARAMS`` stand in the address of the authorization endpoint, without an argument in code."""
    kept = {"KIND": "oauth2", "AUTHORIZATION_URL": "https://a.example/a", "TOKEN_URL": "https://a.example/t"}
    kept |= {"CLIENT_ID": "swagger", "AUTHORIZE_PARAMS": '{"audience": "https://api.example"}'}
    for name, value in kept.items():
        monkeypatch.setenv(f"JWKS_AUTH_OPENAPI__{name}", value)
    given = issuer.settings()
    auth = JWTBearer(issuer=given["ISSUER"], audience=given["AUDIENCE"], jwks=given["JWKS"])
    app = FastAPI(lifespan=auth.lifespan)
    app.add_api_route("/me", lambda: None, dependencies=[Depends(auth)])
    with TestClient(app) as client:
        page = client.get("/docs").text
    assert '"additionalQueryStringParams": {"audience": "https://api.example"}' in page
    assert '"clientId": "swagger"' in page
    own = FastAPI(swagger_ui_init_oauth={"clientId": "mine"})
    auth.document(own)
    assert own.swagger_ui_init_oauth == {"clientId": "mine"}
