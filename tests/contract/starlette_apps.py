"""The contract's routes in Starlette, which has neither FastAPI nor pydantic-settings where it is alone."""

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient

from jwks_auth import VerifiedToken
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi.starlette import (
    JWTAuthenticationBackend,
    LogoutMiddleware,
    MetadataMiddleware,
    protect,
    public,
    require_jwt,
)
from tests.contract.cases import MFA, OTHER_RESOURCE, SETTINGS, SHARED
from tests.contract.runner import Answer, Headers

__all__ = [
    "ADMINS",
    "ANY",
    "BOTH",
    "METHODS",
    "STARLETTE_APPS",
    "WAYS",
    "ClientApp",
    "mounted",
    "settings",
    "shared",
    "starlette_app",
]

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
BOTH = ["orders:read", "orders:write"]
ANY = ["orders:read", "orders:admin"]
ADMINS = ["admin", "root"]
WAYS = [MFA, "urn:acme:otp"]


def settings(issuer: FakeIssuer) -> dict[str, Any]:
    """What every contract app is configured with."""
    return {**issuer.settings(), **SETTINGS}


class ClientApp:
    """An app behind Starlette's test client, below *prefix* if it is mounted there."""

    def __init__(self, app: Any, prefix: str = "") -> None:
        self.client = TestClient(app)
        self.prefix = prefix

    def request(self, method: str, target: str, headers: Headers, body: bytes = b"") -> Answer:
        """One request."""
        response = self.client.request(method, self.prefix + target, headers=list(headers), content=body)
        return Answer(response.status_code, response.headers.multi_items(), response.content)


def shared(token: VerifiedToken | None) -> JSONResponse:
    """A response of the route's own, which says that it is public."""
    return JSONResponse({"sub": token.subject if token else None}, headers={"Cache-Control": SHARED})


def starlette_app(
    issuer: FakeIssuer, *, sync: bool = False, middleware: bool = True, closed: bool = False
) -> Starlette:
    """Every route guarded by ``require_jwt``, with the backend from the middleware or handed over.

    *closed*: denied by default, where ``/me`` has no guard of its own.
    """
    backend = JWTAuthenticationBackend(settings(issuer))
    given = {} if middleware else {"backend": backend}

    def route(path: str, answer: Callable[[Any], Any], **requirement: Any) -> BaseRoute:
        def sync_endpoint(request: Request) -> Response:
            answered = answer(request.auth.token)
            return answered if isinstance(answered, Response) else JSONResponse(answered)

        async def endpoint(request: Request) -> Response:
            return sync_endpoint(request)

        served = sync_endpoint if sync else endpoint
        guarded = served if closed and not requirement else require_jwt(**given, **requirement)(served)
        return Route(path, guarded, methods=METHODS)

    @public
    async def hello(request: Request) -> JSONResponse:
        return JSONResponse({"message": "hello"})

    routes = [
        Route("/public", hello, methods=METHODS),
        route("/me", lambda token: {"sub": token.subject}),
        route("/orders", lambda _: {"orders": []}, scopes="orders:read"),
        route("/both", lambda _: {"orders": []}, scopes=" ".join(BOTH) if sync else BOTH),
        route("/any", lambda _: {"orders": []}, any_scope=ANY),
        route("/admin", lambda _: {"admin": True}, any_role=ADMINS),
        route("/reports", lambda token: {"sub": token.subject}, audience="reports"),
        route("/optional", lambda token: {"sub": token.subject if token else None}, optional=True),
        route("/v2", lambda token: {"sub": token.subject}, audience=OTHER_RESOURCE),
        route("/mfa", lambda _: {"mfa": True}, acr=WAYS, max_auth_age=300),
        route("/mfa-orders", lambda _: {"orders": []}, acr=MFA, scopes=BOTH),
        route(
            "/mfa-optional",
            lambda token: {"sub": token.subject if token else None},
            acr=MFA,
            optional=True,
        ),
        route("/shared", shared, optional=True),
    ]
    around = [Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)]
    open_to_all = [Middleware(MetadataMiddleware, auth=backend), Middleware(LogoutMiddleware, auth=backend)]
    app = Starlette(routes=routes, middleware=[*open_to_all, *(around if middleware else [])])
    if closed:
        protect(app, backend)
    return app


def mounted(app: Any) -> ClientApp:
    """The app below ``/api`` of a plain Starlette application."""
    return ClientApp(Starlette(routes=[Mount("/api", app)]), prefix="/api")


STARLETTE_APPS: dict[str, Callable[[FakeIssuer], ClientApp]] = {
    "starlette async": lambda issuer: ClientApp(starlette_app(issuer)),
    "starlette sync": lambda issuer: ClientApp(starlette_app(issuer, sync=True)),
    "starlette without middleware": lambda issuer: ClientApp(starlette_app(issuer, middleware=False)),
    "starlette without middleware, closed": lambda issuer: ClientApp(
        starlette_app(issuer, middleware=False, closed=True)
    ),
    "starlette mounted": lambda issuer: mounted(starlette_app(issuer)),
}
