"""The contract's routes in FastAPI and in Starlette, guarded in every way that there is."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Security
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, Policy, VerifiedToken, install_error_handlers, protect, public
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, MetadataMiddleware, require_jwt
from tests.contract.cases import MFA, OTHER_RESOURCE, SETTINGS, SHARED
from tests.contract.runner import Answer, Headers

__all__ = ["APPS", "ClientApp", "fastapi_app"]

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

    def request(self, method: str, target: str, headers: Headers) -> Answer:
        """One request."""
        response = self.client.request(method, self.prefix + target, headers=list(headers))
        return Answer(response.status_code, response.headers.multi_items(), response.content)


def shared(token: VerifiedToken | None) -> JSONResponse:
    """A response of the route's own, which says that it is public."""
    return JSONResponse({"sub": token.subject if token else None}, headers={"Cache-Control": SHARED})


def fastapi_app(
    issuer: FakeIssuer, *, sync: bool = False, handlers: bool = True, closed: bool = False
) -> FastAPI:
    """Every route guarded by dependencies; *sync*: ``def`` routes, run in threads; *closed*: denied by default."""
    auth = JWTBearer(settings(issuer))
    reports = auth.variant(audience="reports")
    other = auth.variant(audience=OTHER_RESOURCE)
    app = FastAPI(lifespan=auth.lifespan)
    app.include_router(auth.metadata_router())
    if handlers:
        install_error_handlers(app)
    if closed:
        protect(app, auth)

    def route(path: str, guard: Any, answer: Callable[[Any], Any]) -> None:
        async def endpoint(token: Annotated[VerifiedToken | None, guard]) -> Any:
            return answer(token)

        def sync_endpoint(token: Annotated[VerifiedToken | None, guard]) -> Any:
            return answer(token)

        served = sync_endpoint if sync else endpoint
        if path == "/public":
            public(served)
        for method in METHODS:  # one by one, as FastAPI wants a name of its own for each in OpenAPI
            app.add_api_route(path, served, methods=[method])

    route("/public", Depends(lambda: None), lambda _: {"message": "hello"})
    route("/me", Depends(auth), lambda token: {"sub": token.subject})
    route("/orders", Security(auth, scopes=["orders:read"]), lambda _: {"orders": []})
    both = Depends(auth.requires(scopes=" ".join(BOTH))) if sync else Security(auth, scopes=BOTH)
    route("/both", both, lambda _: {"orders": []})
    route("/any", Depends(auth.requires(Policy(any_scope=ANY))), lambda _: {"orders": []})
    route("/admin", Depends(auth.requires(any_role=ADMINS)), lambda _: {"admin": True})
    for_reports = auth.requires(audience="reports") if sync else reports
    route("/reports", Depends(for_reports), lambda token: {"sub": token.subject})
    route("/v2", Depends(other), lambda token: {"sub": token.subject})
    route("/mfa", Depends(auth.requires(acr=WAYS, max_auth_age=300)), lambda _: {"mfa": True})
    route("/mfa-orders", Depends(auth.requires(Policy(scopes=BOTH), acr=MFA)), lambda _: {"orders": []})
    strong = Depends(auth.optional.requires(Policy(acr=MFA)))
    route("/mfa-optional", strong, lambda token: {"sub": token.subject if token else None})
    route("/optional", Depends(auth.optional), lambda token: {"sub": token.subject if token else None})
    route("/shared", Depends(auth.optional), shared)
    return app


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
    discovery = Middleware(MetadataMiddleware, auth=backend)
    app = Starlette(routes=routes, middleware=[discovery, *(around if middleware else [])])
    if closed:
        protect(app, backend)
    return app


def mounted(app: Any) -> ClientApp:
    """The app below ``/api`` of a plain Starlette application."""
    return ClientApp(Starlette(routes=[Mount("/api", app)]), prefix="/api")


APPS: dict[str, Callable[[FakeIssuer], ClientApp]] = {
    "fastapi async": lambda issuer: ClientApp(fastapi_app(issuer)),
    "fastapi sync": lambda issuer: ClientApp(fastapi_app(issuer, sync=True)),
    "fastapi mounted": lambda issuer: mounted(fastapi_app(issuer)),
    "starlette async": lambda issuer: ClientApp(starlette_app(issuer)),
    "starlette sync": lambda issuer: ClientApp(starlette_app(issuer, sync=True)),
    "starlette without middleware": lambda issuer: ClientApp(starlette_app(issuer, middleware=False)),
    "fastapi closed": lambda issuer: ClientApp(fastapi_app(issuer, closed=True)),
    "starlette without middleware, closed": lambda issuer: ClientApp(
        starlette_app(issuer, middleware=False, closed=True)
    ),
    "starlette mounted": lambda issuer: mounted(starlette_app(issuer)),
}
