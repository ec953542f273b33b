"""``protect``: every route needs a token, but those that are open on purpose."""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import fastapi.routing
import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient, WebSocketDenialResponse

from jwks_auth import ConfigurationError
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import (
    JWTBearer,
    RequestRejected,
    audit,
    install_error_handlers,
    protect,
    public,
)
from jwks_auth_fastapi import protection as module
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt
from jwks_auth_fastapi.testing import assert_protected


@pytest.fixture
def auth(issuer: FakeIssuer) -> JWTBearer:
    """A bearer that trusts the issuer."""
    return JWTBearer(issuer.settings(audience=["api", "reports"]))


@pytest.fixture
def app(auth: JWTBearer) -> FastAPI:
    """A protected application without routes of its own."""
    app = FastAPI()
    protect(app, auth)
    return app


def ok() -> str:
    """Give a word."""
    return "ok"


async def plain(request: Request) -> PlainTextResponse:
    """Answer in Starlette's way."""
    return PlainTextResponse("ok")


class App:
    """An application that is no function."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer everything."""
        await PlainTextResponse("ok")(scope, receive, send)


asgi = App()


def status(app: Any, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> int:
    """Return the status of the answer."""
    return TestClient(app).request(method, path, headers=headers, follow_redirects=False).status_code


def test_every_route_needs_a_token_wherever_it_is_and_whenever_it_comes(
    app: FastAPI, auth: JWTBearer, issuer: FakeIssuer
) -> None:
    """Routes of FastAPI and Starlette, of routers, mounts and applications, the documentation too."""
    router, inner = APIRouter(prefix="/router"), APIRouter(prefix="/inner")
    inner.add_api_route("/x", ok)
    router.include_router(inner)
    app.include_router(router)
    router.add_api_route("/late", ok)
    app.add_api_route("/x", ok)
    app.add_route("/starlette", plain)
    app.mount(
        "/mounted", Starlette(routes=[Route("/x", plain), Mount("/deep", Router([Route("/x", plain)]))])
    )
    sub = FastAPI()
    sub.add_api_route("/x", ok)
    app.mount("/sub", sub)
    app.mount("/asgi", asgi)
    app.mount("/static", StaticFiles(directory="."))
    app.router.routes.append(Host("other.example", Router([Route("/hosted", plain)])))
    # Until FastAPI 0.136, a router's later routes are not the application's.
    late = ["/router/late"] if hasattr(fastapi.routing, "iter_route_contexts") else []
    paths = ["/x", "/router/inner/x", *late, "/starlette", "/mounted/x", "/mounted/deep/x", "/sub/x"]
    paths += ["/asgi/x", "/static/pyproject.toml", "/docs", "/openapi.json", "/redoc", "/sub/openapi.json"]
    for path in paths:
        answer = TestClient(app).get(path)
        assert (path, answer.status_code) == (path, 401)
        assert answer.headers["www-authenticate"].startswith('Bearer realm="api"')
        assert answer.headers["vary"] == "Authorization"
        assert (path, status(app, path, issuer.headers(sub="u1"))) == (path, 200)
        assert status(app, path, issuer.headers(sub="u1", aud="other")) == 401
    client = TestClient(app, base_url="http://other.example")
    assert client.get("/hosted").status_code == 401
    assert client.get("/hosted", headers=issuer.headers()).status_code == 200


def test_what_is_marked_as_public_is_open_and_nothing_else(app: FastAPI, auth: JWTBearer) -> None:
    """Functions, methods, classes, applications; a subclass and a namesake are not."""

    class Open(HTTPEndpoint):
        async def get(self, request: Request) -> PlainTextResponse:
            return PlainTextResponse("ok")

    public(Open)

    class Sub(Open):
        """Not marked."""

    @app.get("/open")
    @public
    async def opened() -> str:
        return "ok"

    @app.get("/decorated")
    @functools.wraps(opened)
    async def decorated() -> str:
        return await opened()

    app.add_api_route("/ready", public(auth.health))
    app.add_route("/class", Open)
    app.add_route("/sub", Sub)
    app.mount("/static", public(StaticFiles(directory=".")))
    app.add_api_route("/closed", auth.health)
    for path in ("/open", "/decorated", "/class", "/static/pyproject.toml"):
        assert status(app, path) == 200
        assert status(app, path, {"Authorization": "Bearer junk"}) == 200
    assert status(app, "/ready") in (200, 503)
    assert [status(app, path) for path in ("/sub", "/closed")] == [401, 401]


def test_public_paths_cover_themselves_and_what_is_below(auth: JWTBearer) -> None:
    """Whole segments, below ``root_path`` too."""
    app = FastAPI()
    protect(app, auth, public_paths=["/docs", "/openapi.json", "/assets/"])
    for path in ("/docsecret", "/assets/x", "/x"):
        app.add_api_route(path, ok)
    found = [status(app, path) for path in ("/docs", "/docs/oauth2-redirect", "/openapi.json", "/assets/x")]
    assert found == [200] * 4
    assert [status(app, path) for path in ("/docsecret", "/openapi.jsonp", "/x", "/redoc")] == [
        401,
        404,
        401,
        401,
    ]
    client = TestClient(app, root_path="/v1")
    assert [client.get(f"/v1{path}").status_code for path in ("/docs", "/x")] == [200, 401]


@pytest.mark.parametrize("path", ["/docs/../secret", "/docs/./x", "/docs/..%2Fsecret", "/docs/..%5Csecret"])
def test_no_path_climbs_out_of_a_public_one(auth: JWTBearer, path: str) -> None:
    """A route for any path may read it as another, such as a file's."""
    app = FastAPI(docs_url=None)
    protect(app, auth, public_paths=["/docs"])
    app.add_route("/{rest:path}", plain)
    scope = {"type": "http", "method": "GET", "path": unquote(path), "headers": [], "app": app}
    [guard] = module.protections_of(app)
    assert guard._asks(scope)
    assert not guard._asks({**scope, "path": "/docs/..x"})


def test_a_route_with_a_guard_of_its_own_is_left_to_that(
    app: FastAPI, auth: JWTBearer, issuer: FakeIssuer
) -> None:
    """An optional token, another audience, a decorator, an application that is protected itself."""
    other = FakeIssuer("https://other.example/")
    theirs = JWTBearer(other.settings())
    backend = JWTAuthenticationBackend(other.settings())
    app.add_api_route("/optional", ok, dependencies=[Depends(auth.optional)])
    app.add_api_route("/theirs", ok, dependencies=[Depends(theirs)])
    app.add_route("/starlette", require_jwt(backend=backend)(plain))
    app.mount("/guarded", require_jwt(backend=backend)(asgi))
    mounted = FastAPI()
    mounted.add_api_route("/x", ok)
    protect(mounted, theirs)
    app.mount("/mounted", mounted)
    assert [status(app, "/optional"), status(app, "/optional", {"Authorization": "Bearer junk"})] == [
        200,
        401,
    ]
    for path in ("/theirs", "/starlette", "/guarded/x", "/mounted/x"):
        told = [status(app, path, each) for each in (None, issuer.headers(), other.headers())]
        assert (path, told) == (path, [401, 401, 200])


def test_paths_without_a_route_stay_404_and_wrong_methods_405(app: FastAPI, issuer: FakeIssuer) -> None:
    """Nobody learns more; within a mount nobody knows what would answer."""
    app.add_api_route("/x", ok)
    app.mount("/mounted", Starlette(routes=[Route("/x", plain)]))
    assert [status(app, path) for path in ("/nothing", "/mounted/nothing")] == [404, 401]
    assert [status(app, path, method="POST") for path in ("/x", "/mounted/x")] == [405, 405]
    assert status(app, "/x/") == 307
    app.router.default = asgi
    assert [status(app, "/nothing"), status(app, "/nothing", issuer.headers())] == [401, 200]


def test_a_route_that_half_matches_and_answers_by_itself_is_closed(app: FastAPI) -> None:
    """Only Starlette's own routes are known to answer 405."""

    class Lax(Mount):
        def matches(self, scope: Any) -> Any:
            match, child = super().matches(scope)
            return (module.Match.PARTIAL, child) if match is module.Match.FULL else (match, child)

    app.router.routes.append(Lax("/lax", app=asgi))
    assert status(app, "/lax/x") == 401


def test_a_preflight_is_answered_by_the_middleware_around(auth: JWTBearer) -> None:
    """Whichever of the two was added first."""
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["https://app.example"])
    protect(app, auth)
    app.add_api_route("/x", ok)
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    assert status(app, "/x", headers, "OPTIONS") == 200
    answer = TestClient(app).get("/x", headers={"Origin": "https://app.example"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, "https://app.example")


def test_a_websocket_is_denied_before_it_is_accepted(app: FastAPI, issuer: FakeIssuer) -> None:
    """Routes of FastAPI and of Starlette."""

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    @public
    async def opened(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    app.router.routes.append(WebSocketRoute("/plain", ws))
    app.router.routes.append(WebSocketRoute("/open", opened))
    client = TestClient(app)
    for path in ("/ws", "/plain"):
        with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect(path):
            pass
        assert denied.value.status_code == 401
        with client.websocket_connect(path, headers=issuer.headers()):
            pass
    with client.websocket_connect("/open"):
        pass


def test_the_applications_own_handlers_answer(app: FastAPI) -> None:
    """As for a dependency."""
    app.add_api_route("/x", ok)
    install_error_handlers(app)
    assert "error_description" in TestClient(app).get("/x").json()

    async def own(request: Any, exc: Any) -> JSONResponse:
        return JSONResponse({"own": exc.reason}, exc.status)

    again = FastAPI(exception_handlers={RequestRejected: own})
    again.add_api_route("/x", ok)
    protect(again, JWTBearer(FakeIssuer().settings()))
    assert TestClient(again).get("/x").json() == {"own": "missing_token"}


def test_overrides_reach_it_too(app: FastAPI, auth: JWTBearer) -> None:
    """A fake, another bearer, and a test's own function."""
    app.add_api_route("/x", ok)
    other = FakeIssuer("https://other.example/")
    overrides = {"fake": auth.fake(sub="u1"), "own": lambda: None, "other": JWTBearer(other.settings())}
    for name, override in overrides.items():
        app.dependency_overrides[auth] = override
        assert status(app, "/x", other.headers() if name == "other" else None) == 200
    assert status(app, "/x") == 401


def test_starlette_alone_is_protected_by_its_backend(issuer: FakeIssuer) -> None:
    """The endpoint finds ``request.auth.token``."""

    async def me(request: Request) -> JSONResponse:
        return JSONResponse({"sub": request.auth.token.subject})

    app = Starlette(routes=[Route("/me", me), Route("/ready", public(plain))])
    protect(app, JWTAuthenticationBackend(issuer.settings()))
    client = TestClient(app)
    assert client.get("/ready").text == "ok"
    assert client.get("/me").json()["error_description"] == "Authentication is required"
    assert client.get("/me", headers=issuer.headers(sub="u1")).json() == {"sub": "u1"}


def test_metadata_is_told_to_anybody(issuer: FakeIssuer) -> None:
    """RFC 9728: it says where a token comes from."""
    auth = JWTBearer({**issuer.settings(), "RESOURCE": "https://api.example/"})
    app = FastAPI()
    protect(app, auth)
    app.include_router(auth.metadata_router())
    assert status(app, "/.well-known/oauth-protected-resource") == 200


def test_the_audit_knows_what_is_protected_and_what_is_public(app: FastAPI, auth: JWTBearer) -> None:
    """And so does ``assert_protected``; without ``protect``, an unmarked route is open."""
    app.add_api_route("/x", ok)
    app.add_api_route("/ready", public(auth.health))
    app.mount("/asgi", asgi)
    app.add_api_route("/optional", ok, dependencies=[Depends(auth.optional)])
    guards = {route.path: route.guard for route in audit(app)}
    assert [guards[path] for path in ("/x", "/ready", "/asgi", "/docs", "/optional")] == [
        "required",
        "public",
        "required",
        "required",
        "optional",
    ]
    assert_protected(app, public=["/optional"])
    bare = FastAPI()
    bare.add_api_route("/x", ok)
    bare.add_api_route("/ready", public(auth.health))
    with pytest.raises(AssertionError, match="/x"):
        assert_protected(bare)
    opened = FastAPI()
    protect(opened, auth, public_paths=["/docs"])
    assert {route.path: route.guard for route in audit(opened)}["/docs"] == "public"


def test_a_dependency_tree_of_another_form_means_that_a_token_is_needed() -> None:
    """FastAPI may move its internals; serving goes on."""
    route = SimpleNamespace(endpoint=ok, dependant=object())
    assert module.is_self_guarded(route) is False


@pytest.mark.parametrize(
    "call",
    [
        lambda auth: protect(APIRouter(), auth),  # type: ignore[arg-type]
        lambda auth: protect(FastAPI(), auth.optional),
        lambda auth: protect(FastAPI(), auth.authenticator),
        lambda auth: protect(FastAPI(), None),  # type: ignore[arg-type]
        lambda auth: protect(FastAPI(), auth, public_paths=["docs"]),
        lambda auth: protect(FastAPI(), auth, public_paths=["/"]),
        lambda auth: public(APIRouter().routes),
        lambda auth: public(Route("/", plain)),
        lambda auth: public("/ready"),
    ],
)
def test_what_protects_or_opens_nothing_is_refused(call: Any, auth: JWTBearer) -> None:
    """When it is declared."""
    with pytest.raises(ConfigurationError):
        call(auth)


def test_an_endpoint_that_can_not_be_marked_is_closed(app: FastAPI) -> None:
    """Marks are kept by identity, and this object can't be looked up."""

    class Equal(App):
        """Has no hash."""

        def __eq__(self, other: object) -> bool:
            return True

    app.mount("/equal", Equal())
    assert status(app, "/equal/x") == 401
    with pytest.raises(TypeError):
        public(Equal())
