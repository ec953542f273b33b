"""The audit where guards stand around applications, where annotations mislead, and where FastAPI has moved."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from jwks_auth import ConfigurationError, Policy
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, OpenAPISettings, VerifiedToken, audit, protect, public
from jwks_auth_fastapi.audit import UNTOLD, Auditor
from jwks_auth_fastapi.internals import Moved, Reading
from jwks_auth_fastapi.protection import routes_of
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt
from jwks_auth_fastapi.startup import prepare
from jwks_auth_fastapi.testing import assert_protected

ISSUER = FakeIssuer()
auth = JWTBearer(ISSUER.settings())
guard = require_jwt(backend=JWTAuthenticationBackend(ISSUER.settings()), roles="ops")


def inner(**options: Any) -> FastAPI:
    """An application with a route that nothing guards."""
    app = FastAPI(**{"openapi_url": None, **options})
    app.add_api_route("/orders", lambda: "in")
    return app


def refused_at_start(app: Any) -> str:
    """What the lifespan says; nothing if it starts."""
    app.router.lifespan_context = auth.lifespan
    try:
        with TestClient(app):
            return ""
    except ConfigurationError as error:
        return str(error)


AROUND: dict[str, Callable[[], Any]] = {
    "mount": lambda: Mount("/v1", guard(inner())),
    "below other middleware": lambda: Mount("/v1", CORSMiddleware(guard(inner()))),
    "middleware of the mount": lambda: Mount("/v1", inner(), middleware=[Middleware(guard)]),
    "middleware of the application": lambda: Mount("/v1", inner(middleware=[Middleware(guard)])),
    "routes of the mount": lambda: Mount("/v1", routes=inner().routes, middleware=[Middleware(guard)]),
}


@pytest.mark.parametrize("name", AROUND)
def test_a_guard_around_an_application_counts_for_its_routes(name: str) -> None:
    """It answers for each of them; the control beside it is open."""
    app = Starlette(routes=[AROUND[name](), Mount("/v2", inner())])
    client = TestClient(app)
    assert [client.get(path).status_code for path in ("/v1/orders", "/v2/orders")] == [401, 200]
    assert [(row.path, row.guard, row.policies) for row in audit(app)] == [
        ("/v1/orders", "required", (Policy(roles="ops"),)),
        ("/v2/orders", "none", ()),
    ]


def test_a_guard_around_everything() -> None:
    """``app = require_jwt(app)``, an optional guard, and a mount without routes."""
    assert [row.guard for row in audit(guard(inner()))] == ["required"]
    optional = require_jwt(optional=True)(guard(inner()))
    assert [row.guard for row in audit(optional)] == ["required"]
    assert [row.guard for row in audit(require_jwt(optional=True)(inner()))] == ["optional"]

    class Elsewhere:
        """An application of another framework."""

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            """Serve."""

    app = Starlette(routes=[Mount("/a", guard(Elsewhere())), Mount("/b", Elsewhere())])
    assert [str(row) for row in audit(app)] == ["* /a required roles ops", "* /b none"]


def test_documentation_of_mounted_applications_is_documentation() -> None:
    """It counts as public, where it is mounted; under a guard it is guarded."""
    app = FastAPI()
    app.mount("/v1", FastAPI())
    app.mount("/v2", guard(FastAPI()))
    guards = {row.path: row.guard for row in audit(app)}
    assert (guards["/v1/docs"], guards["/v2/docs"]) == ("none", "required")
    assert_protected(app)
    app.add_api_route("/v1/docs", lambda: None)
    app.add_api_route("/v3/docs", lambda: None)
    with pytest.raises(AssertionError, match="/v3/docs"):
        assert_protected(app)


def test_an_endpoint_class_is_as_open_as_its_weakest_method() -> None:
    """One open method opens the route."""

    class Guarded(HTTPEndpoint):
        """Both methods ask."""

        @guard
        async def get(self, request: Request) -> PlainTextResponse:
            """Answer."""
            return PlainTextResponse("in")

        post = get

    class Open(Guarded):
        """One does not."""

        async def post(self, request: Request) -> PlainTextResponse:  # type: ignore[override]
            """Answer."""
            return PlainTextResponse("in")

    app = Starlette(routes=[Route("/guarded", Guarded), Route("/open", Open)])
    client = TestClient(app)
    assert [client.post(path).status_code for path in ("/guarded", "/open")] == [401, 200]
    assert [row.guard for row in audit(app)] == ["required", "none"]


def test_protection_of_mounted_applications() -> None:
    """What runs and what the audit says agree: protected within, protected around, and open on purpose within that."""

    def guarded_inside(**options: Any) -> FastAPI:
        app = inner()
        app.add_api_route("/open", lambda: "in")
        protect(app, auth, **options)
        return app

    outside = Starlette(routes=[Mount("/closed", inner()), Mount("/open", public(inner()))])
    outside.router.routes.append(Mount("/own", public(guarded_inside(public_paths=["/open"]))))
    protect(outside, auth)
    app = Starlette(routes=[Mount("/a", guarded_inside()), Mount("/b", inner()), Mount("/c", outside)])
    told = {row.path: row.guard for row in audit(app)}
    assert told == {
        "/a/orders": "required",
        "/a/open": "required",
        "/b/orders": "none",
        "/c/closed/orders": "required",
        "/c/open/orders": "public",
        "/c/own/orders": "required",
        "/c/own/open": "public",
    }
    client = TestClient(app)
    served = {path: client.get(path).status_code for path in told}
    assert served == {path: 401 if guard == "required" else 200 for path, guard in told.items()}


def test_a_bearer_with_a_call_of_its_own_is_unknown() -> None:
    """It may return what it likes; a subclass without one is as good as ours, the control."""

    class Lenient(JWTBearer):
        """Lets everybody in."""

        async def __call__(self, *args: Any) -> Any:
            """Return nothing."""

    class Named(JWTBearer):
        """Adds a method."""

    def guard_of(scheme: Any) -> str:
        app = FastAPI(openapi_url=None)
        app.add_api_route("/orders", lambda: "in", dependencies=[Depends(scheme)])
        if isinstance(scheme, Lenient):
            protect(app, auth)  # which leaves a route with a guard to that
        return audit(app)[0].guard

    assert [guard_of(kind(ISSUER.settings())) for kind in (Lenient, Named)] == ["unknown", "required"]
    assert guard_of(Named(ISSUER.settings()).optional) == "optional"


def documented(*schemes: Any) -> FastAPI:
    """An application with a route for each scheme."""
    app = FastAPI(openapi_url=None)
    for at, scheme in enumerate(schemes):
        app.add_api_route(f"/{at}", lambda: "in", dependencies=[Depends(scheme)])
    return app


def test_two_schemes_of_one_name_stop_the_start() -> None:
    """The later one would replace the first in OpenAPI; variants, other names, other applications are the controls."""
    other = JWTBearer(auth.authenticator, audience="api")
    assert "two schemes are called 'JWTBearer'" in refused_at_start(documented(auth, other))
    assert "/1: two schemes" in refused_at_start(documented(other, auth.optional))
    foreign = HTTPBearer(scheme_name="JWTBearer")
    assert "two schemes" in refused_at_start(documented(foreign, auth))
    named = JWTBearer(auth.authenticator, openapi=OpenAPISettings(scheme_name="Robots"))
    assert (
        refused_at_start(documented(auth, named, auth.variant(audience="api"), auth.requires(roles="a")))
        == ""
    )
    assert refused_at_start(documented(HTTPBearer(), HTTPBearer(), auth)) == ""
    app = documented(auth)
    app.mount("/other", documented(other))
    assert refused_at_start(app) == ""


def test_annotations_of_a_factory_that_fastapi_can_t_read_stop_the_start() -> None:
    """With ``from __future__ import annotations``, as here, a local name is found by nobody: each request is a 422."""
    local = auth.variant()
    alias = Annotated[VerifiedToken, Depends(local)]

    def annotated(token: Annotated[VerifiedToken, Depends(local)]) -> str:
        return "in"

    def aliased(token: alias) -> str:  # type: ignore[valid-type]
        return "in"

    def silent(token: alias = None) -> str:  # type: ignore[assignment, valid-type]
        return "in"

    def dependency(token: Annotated[VerifiedToken, Depends(local)]) -> str:
        return "in"

    def default(token: VerifiedToken = Depends(local)) -> str:
        return "in"

    for endpoint, status in ((annotated, 422), (aliased, 422), (silent, 200)):
        app = FastAPI(openapi_url=None)
        app.add_api_route("/orders", endpoint)
        assert TestClient(app).get("/orders").status_code == status
        assert "token: FastAPI looks for the names in" in refused_at_start(app)
    app = FastAPI(openapi_url=None, dependencies=[Depends(dependency)])
    app.add_api_route("/orders", default)
    assert "token: FastAPI looks for the names in" in refused_at_start(app)
    control = FastAPI(openapi_url=None)
    control.add_api_route("/orders", default)
    assert refused_at_start(control) == ""
    assert TestClient(control).get("/orders").status_code == 401


Sure = Annotated[VerifiedToken, Depends(auth.optional)]
SureOfPolicy = Annotated[VerifiedToken[Any], Depends(auth.optional.requires(roles="a"))]
Maybe = Annotated[VerifiedToken | None, Depends(auth.optional)]
Anything = Annotated[Any, Depends(auth.optional)]
Required = Annotated[VerifiedToken, Depends(auth)]


@pytest.mark.parametrize(
    ("annotation", "told"),
    [("Sure", True), ("SureOfPolicy", True), ("Maybe", False), ("Anything", False), ("Required", False)],
)
def test_an_annotation_that_promises_an_optional_token_stops_the_start(annotation: str, told: bool) -> None:
    """It is ``None`` without one, and the first attribute a 500."""
    app = FastAPI(openapi_url=None)

    def orders(token: Any) -> str:
        return "in"

    orders.__annotations__["token"] = annotation
    app.add_api_route("/orders", orders)
    assert ("token: without a token it is None" in refused_at_start(app)) is told


MISSING = ["get_typed_signature", "get_typed_return_annotation", "iter_route_contexts"]


def without(*names: str) -> Reading:
    """A reading of a FastAPI that has no such functions."""

    def load(module: str) -> Any:
        found = vars(import_module(module))
        return SimpleNamespace(**{name: value for name, value in found.items() if name not in names})

    return Reading(load)


def without_module(module: str) -> Any:
    """Import nothing."""
    raise ImportError(module)


@pytest.mark.parametrize("reading", [without(*MISSING), Reading(without_module)], ids=["names", "modules"])
async def test_where_fastapi_has_moved_the_audit_can_t_tell(
    reading: Reading, caplog: pytest.LogCaptureFixture
) -> None:
    """Routes are ``unknown``, and said to be; the app starts, and serves as it did."""
    app, router = FastAPI(openapi_url=None), APIRouter()
    app.add_api_route("/orders", lambda: "in", dependencies=[Depends(auth)])
    router.add_api_route("/more", lambda: "in", dependencies=[Depends(auth)])
    app.include_router(router, prefix="/v1")
    app.mount("/guarded", guard(inner()))
    app.mount(
        "/starlette",
        Starlette(routes=[Route("/", guard(lambda request: None)), Route("/o", refused_at_start)]),
    )
    rows = [row for _, row in Auditor(reading).rows(app)]
    told = {row.path: row.guard for row in rows}
    assert set(told.values()) <= {"unknown", "required", "none"}
    assert {row.guard for row in rows if row.note} <= {"unknown", "required"}, (
        "required by a guard around all"
    )
    assert UNTOLD in str(rows[0])
    with caplog.at_level(logging.WARNING, "jwks_auth"):
        await prepare(app, auth.service, reading=reading)
    assert UNTOLD in caplog.messages
    client = TestClient(app)
    assert client.get("/orders").status_code == client.get("/v1/more").status_code == 401
    assert client.get("/v1/more", headers=ISSUER.headers()).status_code == 200


def test_a_route_without_its_dependencies_is_unknown() -> None:
    """A node that lost an attribute, and a route that lost its tree; refusals then name what they know."""
    app = FastAPI(openapi_url=None)
    app.add_api_route("/orders", lambda: "in", dependencies=[Depends(auth.requires(scopes="a"))])
    route: Any = app.routes[0]
    whole, route.dependant = route.dependant, SimpleNamespace(dependencies=[SimpleNamespace(dependencies=[])])
    assert [row.guard for row in audit(app)] == ["unknown"]
    del route.dependant
    assert [row.guard for row in audit(app)] == ["unknown"]
    with pytest.raises(Moved):
        Reading(without_module).signature(print)
    route.dependant = whole
    assert [row.guard for row in audit(app)] == ["required"]


def test_a_router_is_one_route_to_a_protection_where_fastapi_has_moved() -> None:
    """It asks for a token then; the control tells the routes in it, where FastAPI keeps the router whole."""
    app, router = FastAPI(openapi_url=None), APIRouter()
    router.add_api_route("/orders", lambda: "in")
    app.include_router(router, prefix="/v1")
    told = [getattr(route, "path", None) for route, _ in routes_of(app.routes)]
    moved = [route for route, _ in routes_of(app.routes, without(*MISSING))]
    assert told == ["/v1/orders"]
    assert moved == app.routes
