"""Frameworks' own instrumentations at the same time: the server's span gets the result, and both count."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.trace import SpanKind
from starlette.websockets import WebSocket

from jwks_auth.testing import FakeIssuer
from tests.needs import need_module
from tests.otel import Seen, point

SUCCESS, EXPIRED, SCOPE = ("success", None), ("failure", "expired"), ("denied", "insufficient_scope")
Asked = Callable[[str, dict[str, str]], int]


def told(seen: Seen) -> list[tuple[Any, Any]]:
    """The result and the code on each server's span; no other span of a request has them."""
    servers = [span for span in seen.spans() if span.kind is SpanKind.SERVER]
    others = [span for span in seen.spans() if span.kind is not SpanKind.SERVER]
    assert not any("jwks_auth.result" in (span.attributes or {}) for span in others)
    assert not any("user.id" in (span.attributes or {}) for span in seen.spans())
    return [
        ((span.attributes or {}).get("jwks_auth.result"), (span.attributes or {}).get("error.type"))
        for span in servers
    ]


def judged(ask: Asked, issuer: FakeIssuer, seen: Seen) -> None:
    """Three requests, as every framework serves them."""
    assert ask("/me", issuer.headers(scope="a")) == 200
    assert ask("/me", issuer.headers(exp=1)) == 401
    assert ask("/me", issuer.headers()) == 403
    assert told(seen) == [SUCCESS, EXPIRED, SCOPE]
    assert seen.counts("authorizations") == {
        point(result="allowed", issuer=issuer.issuer): 1,
        point(result="denied", error="insufficient_scope", issuer=issuer.issuer): 1,
    }


def fastapi_app(issuer: FakeIssuer, telemetry: dict[str, Any]) -> Any:
    """One guarded route and one guarded WebSocket."""
    fastapi = need_module("fastapi")
    from jwks_auth_fastapi import JWTBearer, install_error_handlers

    auth = JWTBearer(issuer.settings(audience="api"))
    app = fastapi.FastAPI(telemetry=telemetry)
    install_error_handlers(app)
    guard = fastapi.Security(auth, scopes=["a"])

    @app.get("/me")
    async def me(token: Any = guard) -> Any:
        return token.subject

    @app.websocket("/ws")
    async def ws(websocket: WebSocket, token: Any = guard) -> None:
        await websocket.accept()
        await websocket.close()

    return app


def test_fastapis_own_telemetry(seen: Seen, issuer: FakeIssuer) -> None:
    """Its span is the server's, though others are current while it resolves dependencies; WebSockets too."""
    from starlette.testclient import TestClient

    own = {"tracer_provider": seen.tracers, "meter_provider": seen.meters}
    client = TestClient(fastapi_app(issuer, own))
    judged(lambda path, headers: client.get(path, headers=headers).status_code, issuer, seen)
    assert {span.name for span in seen.spans()} >= {"GET /me", "fastapi.dependencies", "fastapi.endpoint"}
    assert sum(each.count for each in seen.metrics()["http.server.request.duration"].values()) == 3
    seen.exporter.clear()
    with client.websocket_connect("/ws", headers=issuer.headers(scope="a")):
        pass
    assert told(seen) == [SUCCESS]


def test_opentelemetrys_asgi_middleware_around_fastapi(seen: Seen, issuer: FakeIssuer) -> None:
    """Whichever of the two a service has."""
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from starlette.testclient import TestClient

    app = fastapi_app(issuer, {"tracing": False, "metrics": False})
    client = TestClient(
        OpenTelemetryMiddleware(app, tracer_provider=seen.tracers, meter_provider=seen.meters)
    )
    judged(lambda path, headers: client.get(path, headers=headers).status_code, issuer, seen)


def test_starlette(seen: Seen, issuer: FakeIssuer) -> None:
    """Its middleware knows no FastAPI."""
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.authentication import AuthenticationMiddleware
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route
    from starlette.testclient import TestClient

    from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt

    @require_jwt(scopes="a")
    async def me(request: Request) -> JSONResponse:
        return JSONResponse("ok")

    backend = JWTAuthenticationBackend(issuer.settings(audience="api"))
    middleware = [Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)]
    app = Starlette(routes=[Route("/me", me)], middleware=middleware)
    client = TestClient(
        OpenTelemetryMiddleware(app, tracer_provider=seen.tracers, meter_provider=seen.meters)
    )
    judged(lambda path, headers: client.get(path, headers=headers).status_code, issuer, seen)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_flask(seen: Seen, issuer: FakeIssuer, is_async: bool) -> None:
    """Sync and async views."""
    flask = need_module("flask")
    from opentelemetry.instrumentation.flask import FlaskInstrumentor

    from jwks_auth_flask import JWKSAuth, require_jwt

    app = flask.Flask("orders")
    app.config.update(issuer.settings(audience="api", prefix="JWKS_AUTH_"))
    instrumentor = FlaskInstrumentor()
    instrumentor.instrument_app(app, tracer_provider=seen.tracers, meter_provider=seen.meters)
    JWKSAuth(app)

    def me() -> str:
        return "ok"

    async def ame() -> str:
        return "ok"

    app.add_url_rule("/me", "me", require_jwt(scopes="a")(ame if is_async else me))
    client = app.test_client()
    judged(lambda path, headers: client.get(path, headers=headers).status_code, issuer, seen)


@pytest.mark.parametrize("server", ["WSGI", "ASGI"])
def test_django(seen: Seen, issuer: FakeIssuer, server: str) -> None:
    """With its middleware before ours, under both kinds of servers."""
    need_module("django")
    need_module("tests.django_site")
    from django.conf import settings
    from django.core.handlers.asgi import ASGIHandler
    from django.http import HttpResponse
    from django.test import Client, override_settings
    from django.urls import path
    from opentelemetry.instrumentation.django import DjangoInstrumentor

    from jwks_auth_django import require_jwt
    from tests.django_site.asgi_client import call

    @require_jwt(scopes="a")
    def me(request: Any) -> HttpResponse:
        return HttpResponse("ok")

    def ask(target: str, headers: dict[str, str]) -> int:
        if server == "WSGI":
            return Client().get(target, headers=headers).status_code
        return asyncio.run(call(ASGIHandler(), "GET", target, list(headers.items()), b"")).status

    instrumentor = DjangoInstrumentor()
    with override_settings(
        JWKS_AUTH=issuer.settings(audience="api"),
        ROOT_URLCONF=(path("me", me),),
        MIDDLEWARE=list(settings.WITH_MIDDLEWARE),
    ):
        instrumentor.instrument(tracer_provider=seen.tracers, meter_provider=seen.meters)
        try:
            judged(ask, issuer, seen)
        finally:
            instrumentor.uninstrument()


def drf_view() -> Any:
    """A view of REST framework's."""
    need_module("rest_framework")
    from rest_framework.response import Response
    from rest_framework.views import APIView

    from jwks_auth_django.rest_framework import HasScopes, JWTAuthentication

    class Me(APIView):
        authentication_classes = (JWTAuthentication,)
        permission_classes: Any = (HasScopes("a"),)

        def get(self, request: Any) -> Response:
            return Response("ok")

    return Me.as_view()


def ninja_view() -> Any:
    """An API of Ninja's."""
    ninja: Any = need_module("ninja")
    from jwks_auth_django.ninja import JWTBearer

    api = ninja.NinjaAPI(urls_namespace="instrumented")

    def me(request: Any) -> str:
        return "ok"

    api.get("/me", auth=JWTBearer(scopes="a"))(me)
    return api.urls


@pytest.mark.parametrize("made", [drf_view, ninja_view])
def test_djangos_apis(seen: Seen, issuer: FakeIssuer, made: Callable[[], Any]) -> None:
    """REST framework and Ninja, under Django's instrumentation."""
    need_module("django")
    need_module("tests.django_site")
    from django.test import Client, override_settings
    from django.urls import path
    from opentelemetry.instrumentation.django import DjangoInstrumentor

    instrumentor = DjangoInstrumentor()
    with override_settings(JWKS_AUTH=issuer.settings(audience="api"), MIDDLEWARE=[]):
        urls = path("", made()) if made is ninja_view else path("me", made())
        with override_settings(ROOT_URLCONF=(urls,)):
            instrumentor.instrument(tracer_provider=seen.tracers, meter_provider=seen.meters)
            try:
                judged(
                    lambda target, headers: Client().get(target, headers=headers).status_code, issuer, seen
                )
            finally:
                instrumentor.uninstrument()
