"""The contract's routes in FastAPI and in Starlette, guarded in every way that there is."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Security

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, Policy, VerifiedToken, install_error_handlers, protect, public
from tests.contract.cases import MFA, OTHER_RESOURCE
from tests.contract.starlette_apps import (
    ADMINS,
    ANY,
    BOTH,
    METHODS,
    STARLETTE_APPS,
    WAYS,
    ClientApp,
    mounted,
    settings,
    shared,
    starlette_app,
)

__all__ = ["APPS", "ClientApp", "fastapi_app", "starlette_app"]


def fastapi_app(
    issuer: FakeIssuer, *, sync: bool = False, handlers: bool = True, closed: bool = False
) -> FastAPI:
    """Every route guarded by dependencies; *sync*: ``def`` routes, run in threads; *closed*: denied by default."""
    auth = JWTBearer(settings(issuer))
    reports = auth.variant(audience="reports")
    other = auth.variant(audience=OTHER_RESOURCE)
    app = FastAPI(lifespan=auth.lifespan)
    app.include_router(auth.metadata_router())
    app.include_router(auth.logout_router())
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


APPS: dict[str, Callable[[FakeIssuer], ClientApp]] = {
    "fastapi async": lambda issuer: ClientApp(fastapi_app(issuer)),
    "fastapi sync": lambda issuer: ClientApp(fastapi_app(issuer, sync=True)),
    "fastapi mounted": lambda issuer: mounted(fastapi_app(issuer)),
    "fastapi closed": lambda issuer: ClientApp(fastapi_app(issuer, closed=True)),
    **STARLETTE_APPS,
}
