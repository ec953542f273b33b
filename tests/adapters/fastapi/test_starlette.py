"""The backend for Starlette's ``AuthenticationMiddleware``, and ``require_jwt``."""

import functools
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser, requires
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from jwks_auth import ConfigurationError
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, JWTCredentials, JWTUser, require_jwt


async def who(request: Request) -> JSONResponse:
    """Everything the middleware says of the caller."""
    return JSONResponse(
        {
            "scopes": request.auth.scopes,
            "token": request.auth.token and request.auth.token.subject,
            "signed_in": request.user.is_authenticated,
            "name": request.user.display_name,
        }
    )


def app_for(issuer: FakeIssuer, *routes: Any) -> Starlette:
    """An application behind the middleware."""
    backend = JWTAuthenticationBackend(issuer.settings())
    around = Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)
    return Starlette(routes=[Route("/who", who), *routes], middleware=[around])


def test_auth_and_user_are_set(issuer: FakeIssuer) -> None:
    """``request.auth.scopes`` begins with ``authenticated``; nobody is nobody."""
    client = TestClient(app_for(issuer))
    signed_in = client.get("/who", headers=issuer.headers(sub="u1", name="Ada", scope="b a"))
    assert signed_in.json() == {
        "scopes": ["authenticated", "a", "b"],
        "token": "u1",
        "signed_in": True,
        "name": "Ada",
    }
    nobody = {"scopes": [], "token": None, "signed_in": False, "name": ""}
    assert client.get("/who").json() == nobody
    assert client.get("/who", headers={"Authorization": "Basic dTpw"}).json() == nobody


def test_another_backends_middleware_is_left_alone(issuer: FakeIssuer) -> None:
    """Of two middlewares each answers by its own backend."""

    class Nobody(AuthenticationBackend):
        async def authenticate(self, conn: Any) -> None:
            return None

    app = app_for(issuer)
    app.add_middleware(AuthenticationMiddleware, backend=Nobody())
    response = TestClient(app).get("/who", headers=issuer.headers(sub="u1"))
    assert response.json()["token"] == "u1"
    assert response.headers["vary"] == "Authorization"


def test_starlettes_requires_works(issuer: FakeIssuer) -> None:
    """With its own plain 403."""

    @requires(["authenticated", "orders:read"])
    def orders(request: Request) -> PlainTextResponse:
        return PlainTextResponse("orders")

    client = TestClient(app_for(issuer, Route("/orders", orders)))
    assert client.get("/orders", headers=issuer.headers(scope="orders:read")).status_code == 200
    assert client.get("/orders", headers=issuer.headers()).status_code == 403
    assert client.get("/orders").status_code == 403


def test_a_bad_token_is_refused_on_every_route(issuer: FakeIssuer) -> None:
    """A bad token is never anonymous; the answer is ours, not Starlette's 400."""
    client = TestClient(app_for(issuer))
    refused = client.get("/who", headers=issuer.headers(expires_in=-3600))
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert refused.json()["error"] == "invalid_token"
    assert client.get("/who", headers={"Authorization": "Bearer"}).status_code == 400
    with issuer.outage():
        fresh = TestClient(app_for(issuer))
        unavailable = fresh.get("/who", headers=issuer.headers())
    assert unavailable.status_code == 503
    assert "retry-after" in unavailable.headers


def test_exempt_paths_are_not_looked_at(issuer: FakeIssuer) -> None:
    """A bad token is nothing there, but ``require_jwt`` asks all the same."""

    @require_jwt
    def me(request: Request) -> JSONResponse:
        return JSONResponse(request.user.identity)

    backend = JWTAuthenticationBackend(issuer.settings(), exempt_paths=["/open"])
    around = Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)
    routes = [Route("/who", who), Route("/open/who", who), Route("/open/me", me), Route("/openings", who)]
    client = TestClient(Starlette(routes=routes, middleware=[around]))
    bad = issuer.headers(expires_in=-3600)
    assert client.get("/who", headers=bad).status_code == 401
    assert client.get("/open/who", headers=bad).json()["signed_in"] is False
    assert client.get("/openings", headers=bad).status_code == 401
    assert client.get("/open/me", headers=bad).status_code == 401
    assert client.get("/open/me", headers=issuer.headers(sub="u1")).json() == "u1"
    with pytest.raises(ConfigurationError, match="exempt_paths"):
        JWTAuthenticationBackend(issuer.settings(), exempt_paths="open")


def test_on_error_leaves_what_is_not_its_own(issuer: FakeIssuer) -> None:
    """Another backend's error is not ours to answer."""
    with pytest.raises(LookupError):
        JWTAuthenticationBackend(issuer.settings()).on_error(None, LookupError())  # type: ignore[arg-type]


def test_a_refused_websocket_is_closed_by_the_middleware(issuer: FakeIssuer) -> None:
    """Starlette's middleware can say no more than that."""

    async def talk(websocket: WebSocket) -> None: ...

    client = TestClient(app_for(issuer, WebSocketRoute("/ws", talk)))
    with pytest.raises(WebSocketDisconnect):
        client.websocket_connect("/ws", headers=issuer.headers(expires_in=-3600)).__enter__()


def test_services_without_a_subject_share_no_identity() -> None:
    """Two tokens with an empty ``sub`` are not one user."""
    issuer = FakeIssuer()
    verifier = JWTAuthenticationBackend(issuer.settings()).authenticator.verifier

    def user(**claims: Any) -> JWTUser:
        return JWTUser(verifier.verify(issuer.token(client_id=None, **claims)))

    one, other, person = user(sub="", common_name="a"), user(sub="", role="b"), user(sub="u1")
    assert len({one.identity, other.identity, user(sub="", role="c").identity}) == 3
    assert (one.is_service, other.is_service, person.is_service) == (True, True, False)


def test_identity_of_a_user(issuer: FakeIssuer) -> None:
    """The subject, else the client; names are for display only."""
    client = TestClient(app_for(issuer))
    shown = {
        "u1": {"sub": "u1"},
        "ada": {"sub": "u1", "preferred_username": "ada", "name": 7},
        "robot": {"sub": None, "client_id": "robot"},
        "": {"sub": None, "client_id": None},
    }
    for name, claims in shown.items():
        assert client.get("/who", headers=issuer.headers(**claims)).json()["name"] == name


def test_require_jwt_challenges(issuer: FakeIssuer) -> None:
    """Bare or with a requirement, on sync and async functions."""

    @require_jwt
    def me(request: Request) -> JSONResponse:
        return JSONResponse(request.user.identity)

    @require_jwt(scopes="orders:read")
    async def orders(request: Request) -> JSONResponse:
        return JSONResponse([])

    client = TestClient(app_for(issuer, Route("/me", me), Route("/orders", orders)))
    assert client.get("/me").headers["www-authenticate"] == 'Bearer realm="api"'
    assert client.get("/me").status_code == 401
    assert client.get("/me", headers=issuer.headers(sub="u1")).json() == "u1"
    refused = client.get("/orders", headers=issuer.headers())
    assert refused.status_code == 403
    assert 'scope="orders:read"' in refused.headers["www-authenticate"]
    assert client.get("/orders", headers=issuer.headers(scope="orders:read")).json() == []


def test_require_jwt_keeps_name_and_documentation() -> None:
    """Starlette names routes after their endpoints."""

    @require_jwt
    def orders(request: Request) -> None:
        """All orders."""

    assert (orders.__name__, orders.__doc__) == ("orders", "All orders.")
    assert Route("/orders", orders).name == "orders"


def test_require_jwt_on_classes_and_methods(issuer: FakeIssuer) -> None:
    """An endpoint class as a whole, or one of its methods."""

    @require_jwt(scopes="orders:read")
    class Orders(HTTPEndpoint):
        async def get(self, request: Request) -> JSONResponse:
            return JSONResponse(request.auth.token.subject)

    class Mixed(HTTPEndpoint):
        def get(self, request: Request) -> JSONResponse:
            return JSONResponse("public")

        @require_jwt
        def post(self, request: Request) -> JSONResponse:
            return JSONResponse(request.user.identity)

    client = TestClient(app_for(issuer, Route("/orders", Orders), Route("/mixed", Mixed)))
    assert client.get("/orders").status_code == 401
    assert client.get("/orders", headers=issuer.headers()).status_code == 403
    assert client.get("/orders", headers=issuer.headers(sub="u1", scope="orders:read")).json() == "u1"
    assert client.get("/mixed").json() == "public"
    assert client.post("/mixed").status_code == 401
    assert client.post("/mixed", headers=issuer.headers(sub="u1")).json() == "u1"


def test_require_jwt_on_a_partial(issuer: FakeIssuer) -> None:
    """Starlette takes partials for the functions they are."""

    async def greet(request: Request, greeting: str) -> JSONResponse:
        return JSONResponse(f"{greeting}, {request.user.identity}")

    guarded = require_jwt(functools.partial(greet, greeting="hello"))
    client = TestClient(app_for(issuer, Route("/", guarded)))
    assert client.get("/", headers=issuer.headers(sub="u1")).json() == "hello, u1"
    assert client.get("/").status_code == 401


async def test_require_jwt_needs_a_request_to_look_at() -> None:
    """As where FastAPI calls a function that did not ask for it; JWTBearer is what to use there."""

    @require_jwt
    def orders() -> None: ...

    with pytest.raises(ConfigurationError, match=r"no request or websocket .*orders"):
        await orders()


def test_require_jwt_on_websockets(issuer: FakeIssuer) -> None:
    """A denial response before accept."""
    backend = JWTAuthenticationBackend(issuer.settings())

    @require_jwt(backend=backend)
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(websocket.user.identity)
        await websocket.close()

    client = TestClient(Starlette(routes=[WebSocketRoute("/ws", talk)]))
    with client.websocket_connect("/ws", headers=issuer.headers(sub="u1")) as socket:
        assert socket.receive_text() == "u1"
    with pytest.raises(WebSocketDenialResponse) as denied:
        client.websocket_connect("/ws").__enter__()
    assert denied.value.status_code == 401
    assert denied.value.headers["www-authenticate"] == 'Bearer realm="api"'


async def plain_app(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application of another framework: it knows the scope and nothing of Starlette."""
    if scope["type"] == "lifespan":
        return
    body = scope["user"].identity.encode() if "user" in scope else b"?"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def test_around_any_asgi_application(issuer: FakeIssuer) -> None:
    """No Starlette inside: the middleware and the guard are pure ASGI and answer by themselves."""
    backend = JWTAuthenticationBackend(issuer.settings())
    behind_middleware = AuthenticationMiddleware(plain_app, backend=backend, on_error=backend.on_error)
    guarded = require_jwt(backend=backend, scopes="x")(App(plain_app))
    for app in (behind_middleware, guarded):
        client = TestClient(app)
        assert client.get("/", headers=issuer.headers(sub="u1", scope="x")).text == "u1"
        refused = client.get("/", headers=issuer.headers(expires_in=-3600))
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")
    assert TestClient(guarded).get("/", headers=issuer.headers()).status_code == 403
    with pytest.raises(WebSocketDenialResponse):
        TestClient(guarded).websocket_connect("/").__enter__()


class App:
    """ASGI applications of frameworks are objects, not functions."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a connection."""
        await self.app(scope, receive, send)


async def test_a_guarded_application_gets_its_lifespan(issuer: FakeIssuer) -> None:
    """Only requests and WebSockets are guarded."""
    seen: list[str] = []

    class Recording:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            seen.append(scope["type"])

    await require_jwt(Recording())({"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]


async def test_a_guarded_application_closes_where_the_server_can_not_deny(issuer: FakeIssuer) -> None:
    """Without the denial response extension, and without Starlette to turn the error into a close."""
    backend = JWTAuthenticationBackend(issuer.settings())
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "headers": [], "path": "/"}
    await require_jwt(backend=backend)(App(plain_app))(scope, None, send)
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "missing_token"}]


def test_optional_leaves_another_backends_user_alone(issuer: FakeIssuer) -> None:
    """A session's user stays where no token was sent; a token wins over it."""

    class Sessions(AuthenticationBackend):
        async def authenticate(self, conn: Any) -> Any:
            """Everybody is Ada."""
            return AuthCredentials(["session"]), SimpleUser("ada")

    @require_jwt(backend=JWTAuthenticationBackend(issuer.settings()), optional=True)
    def me(request: Request) -> JSONResponse:
        return JSONResponse(request.user.display_name)

    around = Middleware(AuthenticationMiddleware, backend=Sessions())
    client = TestClient(Starlette(routes=[Route("/me", me)], middleware=[around]))
    assert client.get("/me").json() == "ada"
    assert client.get("/me", headers=issuer.headers(sub="u1")).json() == "u1"


def test_mounted_below_the_middleware(issuer: FakeIssuer) -> None:
    """The backend is found in the scope, wherever the endpoint is mounted."""

    @require_jwt
    def me(request: Request) -> JSONResponse:
        return JSONResponse(request.user.identity)

    inner = Starlette(routes=[Route("/me", me)])
    client = TestClient(app_for(issuer, Mount("/api", inner)))
    assert client.get("/api/me").status_code == 401
    assert client.get("/api/me", headers=issuer.headers(sub="u1")).json() == "u1"


def test_middleware_and_dependency_share_one_verification(issuer: FakeIssuer) -> None:
    """On one authenticator, in one FastAPI application."""
    lookups: list[str] = []

    def keys() -> dict[str, Any]:
        lookups.append("one for each token that is verified")
        return issuer.jwks()

    auth = JWTBearer({**issuer.settings(), "JWKS": keys})
    backend = JWTAuthenticationBackend(auth.authenticator)
    app = FastAPI(dependencies=[Depends(auth)])
    app.add_middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)

    @app.get("/")
    def home(request: Request) -> str:
        return str(request.user.identity)

    lookups.clear()
    assert TestClient(app).get("/", headers=issuer.headers(sub="u1")).json() == "u1"
    assert len(lookups) == 1


def test_without_a_backend_the_mistake_is_named(issuer: FakeIssuer) -> None:
    """The service's mistake, so an error of its own and no 401."""

    @require_jwt
    def me(request: Request) -> None: ...

    client = TestClient(Starlette(routes=[Route("/me", me)]))
    with pytest.raises(ConfigurationError, match="JWTAuthenticationBackend"):
        client.get("/me")


def test_impossible_requirements_fail_when_they_are_written() -> None:
    """Not on the first request."""
    with pytest.raises(ConfigurationError):
        require_jwt(scopes=["a b"])


def test_nothing_is_known_of_nobody() -> None:
    """Credentials without a token have no scopes."""
    assert JWTCredentials(None).scopes == []
    assert JWTUser.__doc__


@pytest.mark.parametrize(
    ("asked", "scope", "status"),
    [
        ("a b", "a b c", 200),
        ("a b", "b", 403),
        ("authenticated", "", 200),
        (["authenticated", "a b"], "b a", 200),
        ("a  b", "a b", 403),
        ("", "a", 403),
    ],
)
def test_spaces_separate_scopes_in_starlettes_requires_too(
    issuer: FakeIssuer, asked: Any, scope: str, status: int
) -> None:
    """As they do in ``require_jwt(scopes="a b")``."""

    @requires(asked)
    async def view(request: Request) -> PlainTextResponse:
        assert request.auth.scopes == ["authenticated", *sorted(scope.split())]
        return PlainTextResponse("ok")

    backend = JWTAuthenticationBackend(issuer.settings())
    around = [Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)]
    client = TestClient(Starlette(routes=[Route("/", view)], middleware=around))
    headers = issuer.headers(scope=scope) if scope else issuer.headers()
    assert client.get("/", headers=headers).status_code == status
