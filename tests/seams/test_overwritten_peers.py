"""Middleware that replaces the peer's address by the sender's word: a forged certificate is not read for it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from hypercorn.middleware import ProxyFixMiddleware
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt
from jwks_auth_flask import JWKSAuth
from jwks_auth_flask import require_jwt as require_in_flask

OURS = b"0\x82the victim's certificate"
FORGED = {"Client-Cert": base64.b64encode(OURS).decode()}
CNF = {"x5t#S256": base64.urlsafe_b64encode(sha256(OURS).digest()).rstrip(b"=").decode()}
PROXY = "10.0.0.1"

ISSUER = FakeIssuer()


def settings() -> dict[str, Any]:
    """Those of a service that trusts a proxy by its address."""
    return {
        **ISSUER.settings(),
        "MTLS": "accept",
        "CLIENT_CERTIFICATE": {"HEADER": "Client-Cert", "FORMAT": "der-base64"},
        "TRUSTED_PROXIES": "10.0.0.0/8",
    }


def asgi(around: Callable[[Any], Any], peer: str, port: int, headers: dict[str, str]) -> int:
    """The status of a request to Starlette behind ASGI middleware."""
    backend = JWTAuthenticationBackend(settings())

    @require_jwt
    async def me(request: Request) -> JSONResponse:
        return JSONResponse({})

    within = Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)
    app = Starlette(routes=[Route("/me", me)], middleware=[within])
    client = TestClient(around(app), client=(peer, port))
    return client.get("/me", headers=headers).status_code


def wsgi(around: Callable[[Any], Any], peer: str, port: int, headers: dict[str, str]) -> int:
    """The status of a request to Flask behind WSGI middleware."""
    app = Flask(__name__)
    app.config.update({f"JWKS_AUTH_{name}": value for name, value in settings().items()}, TESTING=True)
    JWKSAuth(app)
    app.add_url_rule("/me", view_func=require_in_flask(lambda: {}))
    app.wsgi_app = around(app.wsgi_app)  # type: ignore[method-assign]
    environ = {"REMOTE_ADDR": peer, "REMOTE_PORT": str(port)}
    return app.test_client().get("/me", headers=headers, environ_overrides=environ).status_code


def copying_asgi(app: Any) -> Any:
    """Middleware of somebody's own, which leaves no mark: the address is a header's, and the port looks like one."""

    async def copy(scope: Any, receive: Any, send: Any) -> None:
        found = dict(scope["headers"]).get(b"x-real-ip", b"").decode()
        await app({**scope, "client": (found, 4711)}, receive, send)

    return copy


def copying_wsgi(app: Any) -> Any:
    """The same for WSGI."""
    return lambda environ, start: app(
        {**environ, "REMOTE_ADDR": environ["HTTP_X_REAL_IP"], "REMOTE_PORT": "4711"}, start
    )


MIDDLEWARE: dict[str, tuple[Callable[..., int], Callable[[Any], Any], str]] = {
    "uvicorn": (asgi, lambda app: ProxyHeadersMiddleware(app, "*"), "X-Forwarded-For"),
    "Hypercorn": (asgi, ProxyFixMiddleware, "X-Forwarded-For"),
    "ProxyFix": (wsgi, ProxyFix, "X-Forwarded-For"),
    "two of ProxyFix": (wsgi, lambda app: ProxyFix(ProxyFix(app, x_for=0)), "X-Forwarded-For"),
    "one of somebody's own, ASGI": (asgi, copying_asgi, "X-Real-IP"),
    "one of somebody's own, WSGI": (wsgi, copying_wsgi, "X-Real-IP"),
}


@pytest.mark.parametrize("value", [PROXY, f"{PROXY}:4711"])
@pytest.mark.parametrize("name", MIDDLEWARE)
def test_a_spoofed_address_buys_nothing(name: str, value: str) -> None:
    """MTLS-4: a thief names the proxy as its own address, and sends the victim's certificate."""
    ask, around, header = MIDDLEWARE[name]
    headers = {**ISSUER.headers(cnf=CNF), **FORGED, header: value}
    assert ask(around, "192.0.2.66", 50_000, headers) == 401


@pytest.mark.parametrize("ask", [asgi, wsgi])
def test_the_proxy_s_own_address_is_believed(ask: Callable[..., int]) -> None:
    """The control: without middleware the socket's peer is the proxy, or a stranger."""
    headers = {**ISSUER.headers(cnf=CNF), **FORGED, "X-Forwarded-For": "192.0.2.1"}
    assert ask(lambda app: app, PROXY, 50_000, headers) == 200
    assert ask(lambda app: app, "192.0.2.66", 50_000, headers) == 401
