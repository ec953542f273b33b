"""``jwks-auth --app main:app`` for FastAPI and Starlette: every bearer, every guard, the table of routes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Security
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

from jwks_auth import ConfigurationError, Policy
from jwks_auth.adapters import Requirement
from jwks_auth.command.apps import place_of
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, protect, public
from jwks_auth_fastapi.command import place_of as place_of_app
from jwks_auth_fastapi.internals import Moved
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt
from tests.command.programs import Outcome, called


class Tiered(BaseModel):
    """Claims with a tier."""

    tier: str


@pytest.fixture
def issuer() -> FakeIssuer:
    """An issuer."""
    return FakeIssuer()


def view() -> dict[str, Any]:
    """Empty."""
    return {}


def run(app: Any, *arguments: str, typed: str = "") -> Outcome:
    """The outcome for *app*."""
    return called(*arguments, place=place_of(app, "main:app"), typed=typed)


def code(app: Any, route: str, token: str, *more: str) -> str | None:
    """The code of the refusal of *token* at *route*; ``None`` if it passes."""
    done = run(app, "verify", "--json", "--route", route, *more, typed=token)
    told = json.loads(done.out)
    assert done.status == (0 if told["ok"] else 1), done
    return told["code"]


@pytest.fixture
def app(issuer: FakeIssuer) -> FastAPI:
    """An application with a guard of each kind."""
    auth = JWTBearer(issuer.settings(audience="api"))
    typed = auth.variant(claims=Tiered)
    app = FastAPI()
    app.add_api_route("/me", view, dependencies=[Depends(auth)])
    app.add_api_route("/orders/{number}", view, dependencies=[Security(auth, scopes=["orders:read"])])
    app.add_api_route("/orders/{number}", view, methods=["POST"], dependencies=[Depends(auth)], name="make")
    app.add_api_route("/ops", view, dependencies=[Depends(auth.requires(Policy(roles="ops")))])
    both = [Depends(auth.requires(Policy(roles="ops"))), Security(auth, scopes=["x"])]
    app.add_api_route("/both", view, dependencies=both)
    app.add_api_route("/gold", view, dependencies=[Depends(typed)])
    app.add_api_route("/maybe", view, dependencies=[Depends(auth.optional)])
    app.add_api_route("/open", view)
    app.add_api_route("/ready", public(lambda: {}))
    return app


def test_a_token_is_judged_by_all_that_a_route_asks(app: FastAPI, issuer: FakeIssuer) -> None:
    """Scopes, policies, a model of claims; by path, pattern and name; and each method by its own."""
    assert code(app, "/me", issuer.token()) is None
    assert code(app, "/orders/7", issuer.token()) == "insufficient_scope"
    assert code(app, "/orders/{number}", issuer.token(scope="orders:read")) is None
    assert code(app, "/orders/7", issuer.token(), "--method", "post") is None
    assert code(app, "make", issuer.token(), "--method", "POST") is None
    assert code(app, "/ops", issuer.token()) == "insufficient_scope"
    assert code(app, "/both", issuer.token(roles=["ops"])) == "insufficient_scope"
    assert code(app, "/both", issuer.token(roles=["ops"], scope="x")) is None
    assert code(app, "/gold", issuer.token()) == "invalid_claim"
    assert code(app, "/gold", issuer.token(tier="gold")) is None
    assert code(app, "/open", issuer.token(aud="elsewhere")) == "wrong_audience"
    assert run(app, "verify", "--route", "/me", "--method", "PUT", typed="x").status == 2


def test_the_table_has_every_route(app: FastAPI) -> None:
    """FastAPI's own pages are public."""
    rows = {row["path"]: row for row in json.loads(run(app, "routes", "--json").out)["rows"]}
    assert rows["/docs"]["state"] == rows["/openapi.json"]["state"] == rows["/ready"]["state"] == "public"
    assert rows["/open"]["state"] == "unprotected"
    assert rows["/me"]["guard"] == "token"
    assert rows["/maybe"]["guard"] == "token or none"
    assert rows["/both"]["guard"] == str(Requirement.of(policy=Policy(roles="ops") & Policy(scopes="x")))
    assert run(app, "routes", "--fail-unprotected").status == 1


def test_several_bearers_are_named(issuer: FakeIssuer) -> None:
    """Each has its issuers; a token is good if one of them takes it, and at a route if its own does."""
    other = FakeIssuer("https://other.example/")
    ours = JWTBearer(issuer.settings(audience="api"))
    theirs = JWTBearer(other.settings(audience="api"), openapi="bearer")
    app = FastAPI()
    app.add_api_route("/ours", view, dependencies=[Depends(ours)])
    app.add_api_route("/theirs", view, dependencies=[Depends(theirs)])
    told = json.loads(run(app, "show", "--json").out)
    assert {each["issuer"] for each in told["issuers"]} == {issuer.issuer, other.issuer}
    assert len({each["service"] for each in told["issuers"]}) == 2
    assert run(app, "verify", typed=other.token()).status == 0
    assert run(app, "verify", typed=FakeIssuer("https://third.example/").token()).status == 1
    assert code(app, "/ours", issuer.token()) is None
    assert code(app, "/ours", other.token()) == "wrong_issuer"
    app.add_api_route("/both", view, dependencies=[Depends(ours), Depends(theirs)])
    for token in (issuer.token(), other.token()):
        assert code(app, "/both", token) == "wrong_issuer"
    app.add_api_route("/open", view)
    assert code(app, "/open", other.token()) is None


@pytest.mark.parametrize("kind", ["bearer", "backend"])
def test_a_protected_application(issuer: FakeIssuer, kind: str) -> None:
    """What ``protect`` asks counts for routes without a guard of their own."""
    settings = issuer.settings(audience="api")
    app = FastAPI()
    app.add_api_route("/in", view)
    protect(app, JWTBearer(settings) if kind == "bearer" else JWTAuthenticationBackend(settings))
    assert code(app, "/in", issuer.token()) is None
    assert code(app, "/in", issuer.token(aud="elsewhere")) == "wrong_audience"


def test_a_starlette_application(issuer: FakeIssuer) -> None:
    """Backends of the middleware and of guards, WebSockets too; without either, that is a mistake."""
    backend = JWTAuthenticationBackend(issuer.settings(audience="api"))
    own = JWTAuthenticationBackend(issuer.settings(audience="other"))

    async def endpoint(request: Any) -> JSONResponse:
        return JSONResponse({})

    routes = [
        Route("/in", require_jwt(scopes="x")(endpoint)),
        Route("/own", require_jwt(backend=own)(endpoint)),
        WebSocketRoute("/ws", require_jwt(endpoint)),
    ]
    layer = Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)
    app = Starlette(routes=routes, middleware=[layer])
    assert code(app, "/in", issuer.token(aud="api")) == "insufficient_scope"
    assert code(app, "/ws", issuer.token(aud="api")) is None
    assert code(app, "/own", issuer.token(aud="api")) == "wrong_audience"
    assert code(app, "/own", issuer.token(aud="other")) is None
    assert run(app, "check").status == 0
    bare = run(Starlette(routes=[Route("/open", endpoint)]), "check")
    assert bare.status == 2
    assert "uses no JWTBearer" in bare.err


def test_what_authenticates_will_do(issuer: FakeIssuer) -> None:
    """A bearer, a backend, an authenticator and a verifier, which know no routes."""
    bearer = JWTBearer(issuer.settings(audience="api"))
    backend = JWTAuthenticationBackend(bearer.authenticator)
    for each in (bearer, backend, bearer.authenticator, bearer.authenticator.verifier):
        assert run(each, "verify", typed=issuer.token()).status == 0
        done = run(each, "verify", "--route", "/me", typed=issuer.token())
        assert done.status == 2
        assert "knows no routes" in done.err
        assert run(each, "routes").status == 2
    assert place_of_app(bearer) is None


def test_wrong_settings_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that are read when they are first needed."""
    monkeypatch.delenv("JWKS_AUTH_ISSUER", raising=False)
    app = FastAPI()
    app.add_api_route("/me", view, dependencies=[Depends(JWTBearer())])
    done = run(app, "check")
    assert done.status == 2
    assert "JWKS_AUTH_ISSUER is missing" in done.err
    with pytest.raises(ConfigurationError):
        place_of(JWTBearer(), "main:auth")


def test_dependencies_that_have_moved_are_told(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a version of FastAPI that keeps them elsewhere."""

    def moved(*args: Any) -> Any:
        raise Moved("Dependant")

    monkeypatch.setattr("jwks_auth_fastapi.command.dependant_of", moved)
    done = run(app, "check")
    assert done.status == 2
    assert "keeps the dependencies of routes elsewhere" in done.err
