"""Routes that look guarded and let everybody in: each is a problem in the audit, and none starts."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security, WebSocket
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute

from jwks_auth import ConfigurationError, Policy
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import AuditedRoute, JWTBearer, audit
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt
from jwks_auth_fastapi.testing import assert_protected

ISSUER = FakeIssuer()
auth = JWTBearer(ISSUER.settings())
BACKEND = JWTAuthenticationBackend(ISSUER.settings())
READERS = Policy(scopes="orders:read")
guard = require_jwt(backend=BACKEND)
holder = SimpleNamespace(auth=auth, deep=SimpleNamespace(readers=auth.requires(READERS)))


def returns() -> Any:
    """What a provider of Flask's kind would be."""
    return auth


async def returns_async() -> Any:
    """The same, async."""
    return auth


def annotated() -> JWTBearer:
    """Says itself what it returns."""
    made = [auth]
    return made[0]


def one_of_two(strict: bool = True) -> Any:
    """In one of its branches."""
    return auth if strict else None


class Provider:
    """A callable object, and a method."""

    def __init__(self, scheme: Any) -> None:
        self.scheme = scheme

    def __call__(self) -> Any:
        """Hand the scheme over."""
        return self.scheme

    def get(self) -> Any:
        """The same."""
        return self.scheme


class Maker:
    """A class, which FastAPI calls too."""

    scheme = auth


def yields() -> Iterator[Any]:
    """A dependency with something to do afterwards."""
    yield auth


async def yields_async() -> AsyncIterator[Any]:
    """The same, on the event loop."""
    yield auth.optional


def by_another_name() -> Any:
    """In two steps."""
    scheme = auth
    return scheme  # noqa: RET504 - what is meant


def by_other_names() -> Any:
    """In three."""
    found = holder
    scheme = found.auth
    return scheme  # noqa: RET504


OPEN: dict[str, Callable[..., Any]] = {
    "lambda": lambda: auth,
    "lambda, optional": lambda: auth.optional,
    "lambda, a policy": lambda: auth.requires(READERS),
    "lambda, a user": lambda: auth.user(lambda token: token),
    "lambda, a method": lambda: auth.health,
    "lambda, an attribute": lambda: holder.auth,
    "lambda, a policy elsewhere": lambda: holder.deep.readers,
    "lambda, or": lambda: auth or None,
    "generator": yields,
    "async generator": yields_async,
    "local name": by_another_name,
    "local names": by_other_names,
    "function": returns,
    "async function": returns_async,
    "annotated function": annotated,
    "branch": one_of_two,
    "partial of a function": functools.partial(returns),
    "object": Provider(auth),
    "method": Provider(auth).get,
    "health": auth.health,
    "partial of health": functools.partial(auth.health),
    "fake": auth.fake(sub="u1"),
    "warm_up": auth.authenticator.warm_up,
}
GUARDS: dict[str, Callable[..., Any]] = {
    "scheme": auth,
    "partial": functools.partial(auth),
    "called": auth.__call__,
    "policy": auth.requires(READERS),
    "user": auth.user(lambda token: "user"),
}


def in_parameter(dependency: Any) -> FastAPI:
    """``= Depends(...)``."""
    app = FastAPI(openapi_url=None)

    def orders(token: Any = Depends(dependency)) -> str:
        return "in"

    app.add_api_route("/orders", orders)
    return app


def in_annotation(dependency: Any) -> FastAPI:
    """``Annotated[Any, Security(...)]``."""
    app = FastAPI(openapi_url=None)

    def orders(token: Any) -> str:
        return "in"

    orders.__annotations__["token"] = Annotated[Any, Security(dependency)]
    app.add_api_route("/orders", orders)
    return app


def on_route(dependency: Any) -> FastAPI:
    """``dependencies=[...]`` of a route."""
    app = FastAPI(openapi_url=None)
    app.add_api_route("/orders", lambda: "in", dependencies=[Depends(dependency)])
    return app


def on_router(dependency: Any) -> FastAPI:
    """``include_router(dependencies=[...])``."""
    app, router = FastAPI(openapi_url=None), APIRouter()
    router.add_api_route("/orders", lambda: "in")
    app.include_router(router, dependencies=[Depends(dependency)])
    return app


def on_app(dependency: Any) -> FastAPI:
    """``FastAPI(dependencies=[...])``."""
    app = FastAPI(openapi_url=None, dependencies=[Depends(dependency)])
    app.add_api_route("/orders", lambda: "in")
    return app


def below_another(dependency: Any) -> FastAPI:
    """A dependency of a dependency."""

    def user(token: Any = Depends(dependency)) -> Any:
        return token

    return in_parameter(user)


PLACES = [in_parameter, in_annotation, on_route, on_router, on_app, below_another]


def at_orders(app: Starlette) -> AuditedRoute:
    """The audit of the route at issue."""
    return next(route for route in audit(app) if route.path == "/orders")


def refused_at_start(app: Any) -> bool:
    """Whether the application does not start."""
    app.router.lifespan_context = auth.lifespan
    try:
        with TestClient(app):
            return False
    except ConfigurationError as error:
        return "/orders: " in str(error)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@pytest.mark.parametrize("name", OPEN)
def test_what_returns_the_scheme_guards_nothing(name: str, place: Callable[[Any], FastAPI]) -> None:
    """Requests get in without a token, so the audit says so and the application does not start."""
    app = place(OPEN[name])
    found = at_orders(app)
    assert found.guard == "none"
    assert found.problems
    assert refused_at_start(app)
    with pytest.raises(AssertionError):
        assert_protected(app)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@pytest.mark.parametrize("name", GUARDS)
def test_what_asks_the_scheme_guards(name: str, place: Callable[[Any], FastAPI]) -> None:
    """The control: all ways in which FastAPI does call the scheme start, and ask for a token."""
    app = place(GUARDS[name])
    assert at_orders(app).guard == "required"
    assert at_orders(app).problems == ()
    assert not refused_at_start(app)
    client = TestClient(app)
    assert client.get("/orders").status_code == 401
    assert client.get("/orders", headers=ISSUER.headers(scope="orders:read")).status_code == 200


async def asks_itself(request: Request) -> Any:
    """A dependency that calls the scheme by hand."""
    return await auth.optional(request, Security(auth, scopes=["a"]))  # type: ignore[arg-type]


def by_a_name_used_twice() -> Any:
    """The name stands for something else in the end."""
    found: Any = auth
    found = str(found)
    return found  # noqa: RET504 - what is meant


def looks_at_keys() -> Any:
    """A dependency that is about the service, not about a token."""
    return auth.authenticator.health()


@pytest.mark.parametrize(
    "dependency",
    [
        asks_itself,
        looks_at_keys,
        by_a_name_used_twice,
        auth.authenticator.health,
        lambda: auth.responses,
        lambda: None,
        dict,
        "".join,
    ],
)
def test_what_merely_mentions_the_scheme_may_start(dependency: Any) -> None:
    """It is no guard, and is not taken for one."""
    app = FastAPI(openapi_url=None)
    try:
        app.add_api_route("/orders", lambda: "in", dependencies=[Depends(dependency)])
    except ValueError:  # FastAPI reads no signature off it
        return
    assert at_orders(app).guard == "none"
    assert at_orders(app).problems == ()
    assert not refused_at_start(app)


FORGOTTEN: dict[str, Any] = {
    "scheme": Annotated[Any, auth],
    "optional": Annotated[Any, auth.optional],
    "policy": Annotated[Any, auth.requires(READERS)],
    "user": Annotated[Any, auth.user(lambda token: token)],
    "fake": Annotated[Any, auth.fake()],
    "union": Annotated[str, auth] | None,
    "nested": Annotated[Annotated[Any, auth], "described"],
}


@pytest.mark.parametrize("name", FORGOTTEN)
def test_annotated_without_depends_guards_nothing(name: str) -> None:
    """FastAPI takes the parameter for one of the query."""
    app = FastAPI(openapi_url=None)

    def orders(token: Any = None) -> str:
        return "in"

    orders.__annotations__["token"] = FORGOTTEN[name]
    app.add_api_route("/orders", orders)
    assert TestClient(app).get("/orders").text == '"in"'
    assert "without Depends" in "".join(at_orders(app).problems)
    assert refused_at_start(app)


@pytest.mark.parametrize("default", [auth, auth.requires(READERS)], ids=["scheme", "policy"])
def test_a_default_without_depends_guards_nothing(default: Any) -> None:
    """``token=auth``."""
    app = FastAPI(openapi_url=None)

    def orders(token: Any = default) -> str:
        return "in"

    app.add_api_route("/orders", orders)
    assert "without Depends" in "".join(at_orders(app).problems)
    assert refused_at_start(app)


def test_annotated_with_depends_guards() -> None:
    """The control, with a stray mention beside it, in a module whose annotations are text as here."""
    app = FastAPI(openapi_url=None)

    def orders(token: Annotated[Any, auth, Depends(auth)]) -> str:
        return "in"

    app.add_api_route("/orders", orders)
    assert at_orders(app) == AuditedRoute("/orders", ("GET",), "required")
    assert TestClient(app).get("/orders").status_code == 401


@pytest.mark.parametrize("dependency", [JWTBearer, auth.requires, auth.lifespan, auth.authenticator])
def test_what_is_no_dependency_is_refused_by_fastapi(dependency: Any) -> None:
    """The class, or a method that makes guards: the route is never registered."""
    with pytest.raises(Exception):  # noqa: B017, PT011  # which one is FastAPI's affair
        in_parameter(dependency)


@pytest.mark.parametrize("dependency", [auth.fake, auth.user, auth.requirement])
def test_a_method_that_makes_guards_is_none(dependency: Any) -> None:
    """``Depends(auth.fake)``, not called, asks for a query parameter."""
    app = in_parameter(dependency)
    assert at_orders(app).problems
    assert refused_at_start(app)


def test_scopes_that_name_nothing_are_a_problem() -> None:
    """``scopes=[]`` is what an unset variable leaves; the control has none at all."""

    def asking(dependency: Any) -> AuditedRoute:
        app = FastAPI(openapi_url=None)
        app.add_api_route("/orders", lambda: "in", dependencies=[dependency])
        return at_orders(app)

    assert asking(Security(auth, scopes=[])).problems
    assert asking(Security(auth)).problems == asking(Security(auth, scopes=["a"])).problems == ()


def above(register: Callable[[Any], Callable[[Any], Any]]) -> Any:
    """``@require_jwt`` above what registers the function: the name is guarded, the route is not."""
    app = FastAPI(openapi_url=None)
    decorate = register(app)

    @guard
    @decorate
    async def orders(request: Request) -> str:
        return "in"

    return app


REGISTERS: dict[str, Callable[[Any], Callable[[Any], Any]]] = {
    "get": lambda app: app.get("/orders"),
    "api_route": lambda app: app.api_route("/orders"),
}


@pytest.mark.parametrize("name", REGISTERS)
def test_require_jwt_above_the_route_guards_nothing(name: str) -> None:
    """FastAPI has the bare function already."""
    app = above(REGISTERS[name])
    assert TestClient(app).get("/orders").text == '"in"'
    assert at_orders(app).guard == "none"
    assert "require_jwt stands above" in at_orders(app).problems[0]
    assert refused_at_start(app)


def test_require_jwt_above_a_router_s_route_or_a_websocket_guards_nothing() -> None:
    """Included later, or called another protocol."""
    app, router = FastAPI(openapi_url=None), APIRouter()

    @guard
    @router.get("/orders")
    async def orders(request: Request) -> str:
        return "in"

    @guard
    @app.websocket("/feed")
    async def feed(websocket: WebSocket) -> None: ...

    app.include_router(router)
    assert [bool(route.problems) for route in audit(app)] == [True, True]
    assert refused_at_start(app)


def orders_of(request: Request) -> PlainTextResponse:
    """An endpoint."""
    return PlainTextResponse("in")


class Orders(HTTPEndpoint):
    """An endpoint class."""

    async def get(self, request: Request) -> PlainTextResponse:
        """Let in."""
        return PlainTextResponse("in")


def logged(endpoint: Any) -> Any:
    """A decorator of one's own."""

    @functools.wraps(endpoint)
    async def logging(request: Request) -> Any:
        return await endpoint(request)

    return logging


@pytest.mark.parametrize("make", [lambda: orders_of, lambda: Orders], ids=["function", "class"])
def test_a_starlette_route_to_what_was_guarded_elsewhere_is_open(make: Callable[[], Any]) -> None:
    """``Route("/orders", orders)``, where ``require_jwt`` returned another object."""
    bare = (
        type("Bare", (Orders,), {})
        if make() is Orders
        else functools.wraps(orders_of)(lambda request: orders_of(request))
    )
    guarded = guard(bare)
    app = Starlette(routes=[Mount("/in", routes=[Route("/orders", bare)])])
    assert TestClient(app).get("/in/orders").text == "in"
    [found] = audit(app)
    assert (found.guard, len(found.problems)) == ("none", 1)
    [control] = audit(Starlette(routes=[Route("/orders", guarded)]))
    assert (control.guard, control.problems) == ("required", ())


def test_a_function_may_be_open_at_one_path_and_guarded_at_another() -> None:
    """The guard is not lost where the application has it."""

    async def orders(request: Request) -> PlainTextResponse:
        return PlainTextResponse("in")

    app = Starlette(routes=[Route("/public", orders), Route("/orders", guard(orders))])
    assert [(route.path, route.guard, route.problems) for route in audit(app)] == [
        ("/public", "none", ()),
        ("/orders", "required", ()),
    ]


def test_a_decorator_around_a_guard_is_unknown() -> None:
    """It may answer without asking the guard, so it does not count; nor is it a mistake."""

    async def orders(request: Request) -> PlainTextResponse:
        return PlainTextResponse("in")

    app = Starlette(routes=[Route("/orders", logged(guard(orders)))])
    assert at_orders(app).guard == "unknown"
    assert at_orders(app).problems == ()
    with pytest.raises(AssertionError):
        assert_protected(app)


def test_a_guard_below_the_route_counts_in_fastapi_too() -> None:
    """With a request among the parameters; without one it can't work, and that is found at the start."""
    app = FastAPI(openapi_url=None)

    @app.get("/orders")
    @guard
    async def orders(request: Request) -> str:
        return "in"

    assert at_orders(app) == AuditedRoute("/orders", ("GET",), "required")
    assert TestClient(app).get("/orders").status_code == 401
    assert TestClient(app).get("/orders", headers=ISSUER.headers()).text == '"in"'
    assert not refused_at_start(app)

    blind = FastAPI(openapi_url=None)

    @blind.get("/orders")
    @guard
    async def unseeing() -> str:
        return "in"

    assert "request: Request" in at_orders(blind).problems[0]
    assert refused_at_start(blind)


@pytest.mark.parametrize("kind", ["grpc", "http3", "", None, "HTTP"], ids=repr)
async def test_a_connection_of_an_unknown_type_is_let_through_by_no_guard(kind: Any) -> None:
    """Only lifespan passes, the control; what else a server may send is not known to be harmless."""
    entered: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        entered.append(scope["type"])

    async def nothing(*args: Any) -> Any: ...

    class App:
        """An ASGI application."""

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            """Serve."""
            await application(scope, receive, send)

    guarded = guard(App())
    with pytest.raises(ConfigurationError, match="type"):
        await guarded({"type": kind}, nothing, nothing)
    await guarded({"type": "lifespan"}, nothing, nothing)
    assert entered == ["lifespan"]


def test_an_endpoint_that_can_t_be_hashed_is_open_or_guarded() -> None:
    """A callable object that equals others: its guard counts, and it can't be told whether it lost one."""

    class Endpoint:
        """Serves."""

        __hash__ = None  # type: ignore[assignment]

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            """Let in."""

    endpoint = Endpoint()
    app = Starlette(routes=[Route("/orders", guard(endpoint)), Route("/public", endpoint)])
    assert [(route.guard, route.problems) for route in audit(app)] == [("required", ()), ("none", ())]


def test_a_websocket_route_to_a_bare_endpoint_is_a_problem() -> None:
    """In Starlette alone."""

    async def feed(websocket: WebSocket) -> None: ...

    guard(feed)
    [found] = audit(Starlette(routes=[WebSocketRoute("/feed", feed)]))
    assert found.problems
