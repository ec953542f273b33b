"""One service in each framework, made as projects make theirs: with a provider's settings, and nothing of tests."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Security
from fastapi.testclient import TestClient
from flask import Flask
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

import jwks_auth_fastapi.testing
import jwks_auth_flask.testing
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer, VerifiedToken
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt
from jwks_auth_flask import JWKSAuth, current_token
from jwks_auth_flask import require_jwt as flask_require_jwt
from tests.no_network import NoNetwork

NAME = "https://login.shop.example/"

Send = Callable[[str, dict[str, str]], tuple[int, Any]]


@dataclass
class Shop:
    """An *app*, the way to *send* requests to it, and the *network* that it would use."""

    app: Any
    open: Callable[[Any], AbstractContextManager[Send]]
    trust: Callable[..., AbstractContextManager[FakeIssuer]]
    network: NoNetwork = field(default_factory=NoNetwork)


def settings_of(network: NoNetwork, **more: Any) -> dict[str, Any]:
    """Settings as in production; the session alone is a test's."""
    return {"ISSUER": NAME, "AUDIENCE": "orders", "SESSION": network, "ALLOW_FAKE_ISSUER": False, **more}


def flask_shop(**more: Any) -> Shop:
    """A Flask app with a view that needs a scope."""
    app, network = Flask("shop"), NoNetwork()
    app.config.from_mapping(
        {f"JWKS_AUTH_{name}": value for name, value in settings_of(network, **more).items()}
    )
    JWKSAuth(app)
    app.add_url_rule(
        "/orders", view_func=flask_require_jwt(scopes="orders:read")(lambda: {"sub": current_token.subject})
    )

    @contextmanager
    def opened(app: Flask) -> Iterator[Send]:
        client = app.test_client()

        def send(path: str, headers: dict[str, str]) -> tuple[int, Any]:
            answer = client.get(path, headers=headers)
            return answer.status_code, answer.json

        yield send

    return Shop(app, opened, jwks_auth_flask.testing.trust_fake_issuer, network)


@contextmanager
def over_starlette(app: Any) -> Iterator[Send]:
    """Send to an application that has started."""
    with TestClient(app) as client:

        def send(path: str, headers: dict[str, str]) -> tuple[int, Any]:
            answer = client.get(path, headers=headers)
            return answer.status_code, answer.json()

        yield send


def fastapi_shop(**more: Any) -> Shop:
    """A FastAPI app whose lifespan fetches keys."""
    network = NoNetwork()
    auth = JWTBearer(settings_of(network, **more))
    app = FastAPI(lifespan=auth.lifespan)

    def orders(token: Annotated[VerifiedToken, Security(auth, scopes=["orders:read"])]) -> dict[str, Any]:
        return {"sub": token.subject}

    app.add_api_route("/orders", orders)
    return Shop(app, over_starlette, jwks_auth_fastapi.testing.trust_fake_issuer, network)


def late_shop(**more: Any) -> Shop:
    """A FastAPI app that is given its settings when it starts."""
    network, auth = NoNetwork(), JWTBearer()

    @contextmanager
    def started(app: FastAPI) -> Iterator[Send]:
        auth.configure(settings_of(network, **more), app=app)
        with over_starlette(app) as send:
            yield send

    app = FastAPI(lifespan=auth.lifespan)

    def orders(token: Annotated[VerifiedToken, Security(auth, scopes=["orders:read"])]) -> dict[str, Any]:
        return {"sub": token.subject}

    app.add_api_route("/orders", orders)
    return Shop(app, started, jwks_auth_fastapi.testing.trust_fake_issuer, network)


def starlette_shop(**more: Any) -> Shop:
    """A Starlette application, mounted in another, with Starlette's own middleware."""
    network = NoNetwork()
    backend = JWTAuthenticationBackend(settings_of(network, **more))

    @require_jwt(scopes="orders:read")
    async def orders(request: Request) -> JSONResponse:
        return JSONResponse({"sub": request.auth.token.subject})

    layer = Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)
    inner = Starlette(routes=[Route("/orders", orders)], middleware=[layer])
    app = Starlette(routes=[Mount("/", inner)])
    return Shop(app, over_starlette, jwks_auth_fastapi.testing.trust_fake_issuer, network)


def by_hand_shop(**more: Any) -> Shop:
    """A Starlette application whose guard has a backend of its own."""
    network = NoNetwork()
    backend = JWTAuthenticationBackend(settings_of(network, **more))

    @require_jwt(scopes="orders:read", backend=backend)
    async def orders(request: Request) -> JSONResponse:
        return JSONResponse({"sub": request.auth.token.subject})

    app = Starlette(routes=[Route("/orders", orders)])
    return Shop(app, over_starlette, jwks_auth_fastapi.testing.trust_fake_issuer, network)


def router_shop(**more: Any) -> Shop:
    """A FastAPI app that asks in an included router, through a dependency of its own."""
    from fastapi import APIRouter

    network = NoNetwork()
    auth = JWTBearer(settings_of(network, **more))

    def user(token: Annotated[VerifiedToken, Depends(auth.requires(scopes="orders:read"))]) -> str | None:
        return token.subject

    def orders(user: Annotated[str, Depends(user)]) -> dict[str, Any]:
        return {"sub": user}

    app, router = FastAPI(lifespan=auth.lifespan), APIRouter()
    router.add_api_route("/orders", orders)
    app.include_router(router)
    return Shop(app, over_starlette, jwks_auth_fastapi.testing.trust_fake_issuer, network)


SHOPS: dict[str, Callable[..., Shop]] = {
    "flask": flask_shop,
    "fastapi": fastapi_shop,
    "fastapi, settings at start-up": late_shop,
    "fastapi, in a router": router_shop,
    "starlette": starlette_shop,
    "starlette, by hand": by_hand_shop,
}
