"""One guarded route, ``/me``, in every framework and in every way of guarding it, with settings of a test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from django.conf import settings as django_settings
from django.test import override_settings
from fastapi import FastAPI, Security
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from jwks_auth_fastapi import JWTBearer, install_error_handlers
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt
from tests.contract.asgi_apps import ClientApp
from tests.contract.flask_apps import TestClientApp, create_app
from tests.contract.runner import App
from tests.contract.test_django import SERVERS, SITES, STACKS

__all__ = ["EVERY_SITE", "Site"]

Settings = Mapping[str, Any]
Site = Callable[[Settings], AbstractContextManager[App]]


def fastapi_site(settings: Settings) -> ClientApp:
    """A dependency, and the body that all adapters share."""
    auth = JWTBearer(dict(settings))
    app = FastAPI()
    install_error_handlers(app)

    async def me(token: Any = Security(auth)) -> dict[str, Any]:
        return {"sub": token.subject}

    app.add_api_route("/me", me)
    return ClientApp(app)


def starlette_site(settings: Settings) -> ClientApp:
    """Middleware and decorator."""
    backend = JWTAuthenticationBackend(dict(settings))

    @require_jwt
    async def me(request: Request) -> JSONResponse:
        return JSONResponse({"sub": request.auth.token.subject})

    around = [Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)]
    return ClientApp(Starlette(routes=[Route("/me", me)], middleware=around))


def flask_site(settings: Settings, views: str) -> TestClientApp:
    """Sync or async views."""
    prefixed = {f"JWKS_AUTH_{name}": value for name, value in {"RESOURCE": None, **settings}.items()}
    return TestClientApp(create_app(prefixed, views).test_client())


@contextmanager
def django_site(settings: Settings, site: str, stack: str) -> Iterator[App]:
    """One of the contract's sites behind one of its stacks."""
    urls, server = SITES[site]
    with override_settings(
        JWKS_AUTH=dict(settings),
        MIDDLEWARE=getattr(django_settings, STACKS[stack]),
        ROOT_URLCONF=f"tests.django_site.{urls}",
    ):
        yield SERVERS[server]


def _in_django(site: str, stack: str) -> Site:
    return lambda settings: django_site(settings, site, stack)


EVERY_SITE: dict[str, Site] = {
    "fastapi": lambda settings: nullcontext(fastapi_site(settings)),
    "starlette": lambda settings: nullcontext(starlette_site(settings)),
    "flask": lambda settings: nullcontext(flask_site(settings, "sync")),
    "flask async": lambda settings: nullcontext(flask_site(settings, "async")),
    **{f"django, {site}, {stack}": _in_django(site, stack) for site in SITES for stack in STACKS},
}
