"""An error handler of one framework, carried to another: its exceptions say the same under the same names."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import path
from fastapi import Depends, FastAPI, WebSocket
from flask import Flask
from ninja import NinjaAPI
from ninja.errors import HttpError
from rest_framework.response import Response as DRFResponse
from rest_framework.views import APIView
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from jwks_auth import InsufficientScopeError, InvalidTokenError, KeySourceError, MissingTokenError, Refused
from jwks_auth.adapters import RefusedRequest
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.ninja import JWTBearer as NinjaBearer
from jwks_auth_django.rest_framework import HasScopes, JWTAuthentication
from jwks_auth_fastapi import JWTBearer, RequestRejected, WebSocketRejected
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, RejectedConnection
from jwks_auth_fastapi.starlette import require_jwt as in_starlette
from jwks_auth_flask import AuthRejected, JWKSAuth, require_jwt

Told = list[Any]
Ask = Callable[[dict[str, str]], Any]
Site = Callable[[FakeIssuer, Told], Ask]


def flask(issuer: FakeIssuer, told: Told) -> Ask:
    """A handler for the class."""
    app = Flask("alike")
    app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"))
    JWKSAuth(app)
    app.add_url_rule("/", "index", require_jwt(scopes="a")(lambda: "ok"))

    @app.errorhandler(AuthRejected)
    def refused(error: AuthRejected) -> tuple[str, int]:
        told.append(error)
        assert error.code == error.status  # Werkzeug's own
        return "", error.status

    return lambda headers: app.test_client().get("/", headers=headers)


def fastapi(issuer: FakeIssuer, told: Told) -> Ask:
    """A handler for the class."""
    auth = JWTBearer(issuer.settings())
    app = FastAPI(dependencies=[Depends(auth.requires(scopes="a"))])
    app.add_api_route("/", lambda: "ok")
    app.add_exception_handler(RequestRejected, listening(told))
    return lambda headers: TestClient(app).get("/", headers=headers)


def starlette(issuer: FakeIssuer, told: Told) -> Ask:
    """The decorator, and a handler for the class."""
    backend = JWTAuthenticationBackend(issuer.settings())
    app = Starlette(routes=[Route("/", in_starlette(scopes="a", backend=backend)(nothing))])
    app.add_exception_handler(RequestRejected, listening(told))
    return lambda headers: TestClient(app).get("/", headers=headers)


def middleware(issuer: FakeIssuer, told: Told) -> Ask:
    """Starlette's middleware, and its own ``on_error``."""
    backend = JWTAuthenticationBackend(issuer.settings())
    around = Middleware(
        AuthenticationMiddleware, backend=backend, on_error=listening(told, RejectedConnection)
    )
    app = Starlette(routes=[Route("/", nothing)], middleware=[around])
    return lambda headers: TestClient(app).get("/", headers=headers)


def websocket(issuer: FakeIssuer, told: Told) -> Ask:
    """A server that can't deny: the close is an exception too."""
    auth = JWTBearer(issuer.settings())
    app = FastAPI()

    @app.websocket("/", dependencies=[Depends(auth.requires(scopes="a"))])
    async def index(socket: WebSocket) -> None: ...

    async def refused(socket: Any, error: Any) -> None:
        assert isinstance(error, WebSocketRejected)
        told.append(error)

    app.add_exception_handler(WebSocketRejected, refused)

    async def ask(headers: dict[str, str]) -> None:
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "websocket", "path": "/", "headers": raw, "query_string": b"", "app": app}
        await app(scope, nothing, nothing)  # type: ignore[arg-type]

    return ask


def rest_framework(issuer: FakeIssuer, told: Told) -> Ask:
    """The view's own ``handle_exception``."""

    class Index(APIView):
        authentication_classes = (JWTAuthentication,)
        permission_classes = (HasScopes("a"),)

        def handle_exception(self, exc: Any) -> Any:
            told.append(exc)
            return super().handle_exception(exc)

        def get(self, request: Any) -> DRFResponse:
            return DRFResponse()

    return django(issuer, Index.as_view())


def ninja(issuer: FakeIssuer, told: Told) -> Ask:
    """The API's own handler."""
    api = NinjaAPI(urls_namespace="alike")
    api.get("/", auth=NinjaBearer(scopes="a"))(lambda request: "ok")

    @api.exception_handler(HttpError)
    def refused(request: Any, error: Any) -> Any:
        told.append(error)
        return api.create_response(request, {}, status=error.status_code)

    return django(issuer, api.urls)


def django(issuer: FakeIssuer, view: Any) -> Ask:
    """Ask a project of one view."""

    def ask(headers: dict[str, str]) -> Any:
        urls = (path("", view),)
        with override_settings(JWKS_AUTH=issuer.settings(), ROOT_URLCONF=urls, MIDDLEWARE=[]):
            return Client().get("/", headers=headers)

    return ask


async def nothing(*args: Any) -> Any:
    """Answer, or await, nothing."""
    return JSONResponse({})


def listening(told: Told, kind: type = RequestRejected) -> Any:
    """Return a handler that notes what it was given."""

    def refused(conn: Any, error: Any) -> JSONResponse:
        assert isinstance(error, kind)
        told.append(error)
        return JSONResponse({}, error.status)

    return refused


SITES: dict[str, Site] = {
    "flask": flask,
    "fastapi": fastapi,
    "starlette": starlette,
    "starlette, middleware": middleware,
    "websocket": websocket,
    "rest_framework": rest_framework,
    "ninja": ninja,
}
FAULTS: dict[str, tuple[int, str, type[Refused]]] = {
    "none": (401, "missing_token", MissingTokenError),
    "junk": (401, "malformed", InvalidTokenError),
    "expired": (401, "expired", InvalidTokenError),
    "scopeless": (403, "insufficient_scope", InsufficientScopeError),
    "outage": (503, "key_source_unavailable", KeySourceError),
}


CASES = [
    (name, fault)
    for name in SITES
    for fault in FAULTS
    if (name, fault) not in (("starlette, middleware", "none"), ("starlette, middleware", "scopeless"))
]
"""The middleware itself refuses bad tokens alone."""


def headers_of(fault: str, issuer: FakeIssuer) -> dict[str, str]:
    """The request's."""
    made = {"none": {}, "junk": {"Authorization": "Bearer junk"}, "expired": issuer.headers(exp=1)}
    return made.get(fault, issuer.headers(sub="u1"))


@pytest.mark.parametrize(("name", "fault"), CASES)
async def test_a_handler_finds_the_same_names_everywhere(name: str, fault: str) -> None:
    """``status``, ``reason``, ``error`` and ``rejection``; a framework's own stay what they are."""
    site = SITES[name]
    issuer, told = FakeIssuer(), []  # type: tuple[FakeIssuer, Told]
    ask = site(issuer, told)
    headers = headers_of(fault, issuer)
    with issuer.outage() if fault == "outage" else nullcontext():
        answer = ask(headers)
        if site is websocket:
            await answer
    status, reason, kind = FAULTS[fault]
    [error] = told
    assert (error.status, error.reason) == (status, reason)
    assert isinstance(error.error, kind)
    assert (error.rejection.status, error.error.code) == (status, reason)
    assert re.fullmatch("[a-z_]+", error.reason)
    ours = site is not ninja and not (
        site is rest_framework and reason in ("missing_token", "insufficient_scope")
    )
    assert (
        isinstance(error, RefusedRequest) == ours
    )  # others are the framework's own, with the same attributes
