"""The route audit, and the test helper that fails on a forgotten route."""

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security, WebSocket
from fastapi.security import HTTPBasic
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.routing import Host, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from jwks_auth_fastapi import AuditedRoute, JWTBearer, Policy, VerifiedToken, audit
from jwks_auth_fastapi.starlette import require_jwt
from jwks_auth_fastapi.testing import assert_protected

Token = VerifiedToken[Any]
BARE: dict[str, Any] = {"openapi_url": None}


def rows(app: Starlette) -> dict[str, AuditedRoute]:
    """The audit, by path."""
    return {route.path: route for route in audit(app)}


def test_audit_lists_every_route_with_what_it_asks(auth: JWTBearer) -> None:
    """Scopes of all levels, policies, optional and unguarded routes, WebSockets."""
    policy = Policy(any_role=["ops", "admin"])
    app = FastAPI(**BARE)
    router = APIRouter(prefix="/orders", dependencies=[Security(auth, scopes=["orders"])])

    @router.post("/{id}")
    def change(id: int, token: Annotated[Token, Security(auth, scopes=["orders:write"])]) -> None: ...  # noqa: A002

    @router.websocket("/feed")
    async def feed(websocket: WebSocket) -> None: ...

    app.include_router(router, prefix="/v1")
    app.add_api_route("/me", lambda: None, dependencies=[Depends(auth)])
    app.add_api_route("/admin", lambda: None, dependencies=[Depends(auth.requires(policy))])
    app.add_api_route("/maybe", lambda: None, dependencies=[Depends(auth.optional)])
    app.add_api_route("/user", lambda: None, dependencies=[Depends(auth.user(lambda token: token))])
    app.add_api_route("/asked", lambda: None, dependencies=[Security(auth.optional, scopes=["x"])])
    app.add_api_route("/public", lambda: None)
    app.add_api_route("/basic", lambda: None, dependencies=[Depends(HTTPBasic())])
    found = rows(app)
    assert found["/v1/orders/{id}"] == AuditedRoute(
        "/v1/orders/{id}", ("POST",), "required", ("orders", "orders:write")
    )
    assert found["/v1/orders/feed"] == AuditedRoute(
        "/v1/orders/feed", ("WEBSOCKET",), "required", ("orders",)
    )
    assert found["/admin"].policies == (policy,)
    guards = {path: route.guard for path, route in found.items()}
    assert guards == {
        "/v1/orders/{id}": "required",
        "/v1/orders/feed": "required",
        "/me": "required",
        "/admin": "required",
        "/maybe": "optional",
        "/user": "required",
        "/asked": "optional",
        "/public": "none",
        "/basic": "none",
    }
    assert str(found["/admin"]) == f"GET /admin required {policy}"


class OtherFramework:
    """An application that calls something else its routes."""

    routes = "none"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a connection."""


def test_audit_follows_mounts(auth: JWTBearer) -> None:
    """Mounted applications and hosts are looked into; what can't be looked into is one entry."""
    inner = FastAPI(**BARE)
    inner.add_api_route("/me", lambda: None, dependencies=[Depends(auth)])
    outer = FastAPI(**BARE)
    outer.mount("/api", inner)
    outer.mount("/static", StaticFiles(directory="."))
    outer.router.routes.append(Host("api.example", inner))
    outer.mount("/other", OtherFramework())
    assert [str(route) for route in audit(outer)] == [
        "GET /api/me required",
        "* /static none",
        "GET /me required",
        "* /other none",
    ]


def test_audit_knows_require_jwt() -> None:
    """In plain Starlette: functions, classes and WebSockets."""

    @require_jwt(scopes="orders:read")
    def orders(request: Any) -> Any: ...

    @require_jwt
    class Me(HTTPEndpoint):
        pass

    @require_jwt(optional=True)
    async def feed(websocket: Any) -> None: ...

    app = Starlette(
        routes=[
            Route("/public", lambda request: None),
            Mount("/v1", routes=[Route("/orders", orders), Route("/me", Me), WebSocketRoute("/feed", feed)]),
        ]
    )
    found = rows(app)
    assert {path: route.guard for path, route in found.items()} == {
        "/public": "none",
        "/v1/orders": "required",
        "/v1/me": "required",
        "/v1/feed": "optional",
    }
    assert found["/v1/me"].methods == ("*",)
    assert found["/v1/orders"].policies == (Policy(scopes="orders:read"),)


def test_audit_reports_scopes_taken_apart(auth: JWTBearer) -> None:
    """What was written is read from signatures, also where an annotation can't be resolved."""
    app = FastAPI(**BARE)
    wrong: Any = Security(auth, scopes="orders:read")

    def lost(token: Any = wrong) -> "Unresolvable": ...  # type: ignore[name-defined]  # noqa: F821

    app.add_api_route("/lost", lambda: None, dependencies=[Depends(lost)])
    app.add_api_route("/orders", lambda: None, dependencies=[wrong])
    app.add_api_route("/short", lambda: None, dependencies=[Security(auth, scopes=["r", "w"])])
    found = rows(app)
    assert "write scopes=['orders:read']" in found["/orders"].problems[0]
    assert found["/lost"].problems == found["/orders"].problems
    assert found["/short"].problems == ()


def test_assert_protected_names_forgotten_routes(auth: JWTBearer) -> None:
    """An unprotected route fails the test unless it is named; documentation pages need not be."""
    app = FastAPI(dependencies=[])
    app.add_api_route("/me", lambda: None, dependencies=[Depends(auth)])
    assert_protected(app)
    app.add_api_route("/health", lambda: None)
    app.add_api_route("/maybe", lambda: None, dependencies=[Depends(auth.optional)])
    with pytest.raises(AssertionError, match=r"GET /health none.*GET /maybe optional"):
        assert_protected(app)
    assert_protected(app, public=["/health", "/maybe"])
    with pytest.raises(AssertionError, match=r"no such routes.*'/helth'"):
        assert_protected(app, public=["/health", "/maybe", "/helth"])


def test_assert_protected_fails_on_wrong_scopes(auth: JWTBearer) -> None:
    """A route that asks wrongly is protected from everybody, which is not what was meant."""
    app = FastAPI()
    wrong: Any = Security(auth, scopes="orders:read")
    app.add_api_route("/orders", lambda: None, dependencies=[wrong])
    with pytest.raises(AssertionError, match="taken apart"):
        assert_protected(app)
