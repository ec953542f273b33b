"""Proofs on a request's way: the URL that a trusted proxy tells, and several guards that look at one proof."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import Client, override_settings
from django.urls import path
from fastapi import APIRouter, Depends, FastAPI, Security
from flask import Blueprint, Flask
from rest_framework.response import Response
from rest_framework.views import APIView
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.testclient import TestClient
from werkzeug.middleware.proxy_fix import ProxyFix

from jwks_auth.testing import FakeClient, FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.rest_framework import HasSender, JWTAuthentication
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend
from jwks_auth_flask import JWKSAuth, current_token
from jwks_auth_flask import require_jwt as in_flask

Asked = Callable[[dict[str, str]], int]
FORWARDED = {"X-Forwarded-Host": "api.acme.dev", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/v1"}


class CountingStore:
    """Used proofs, and how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def first(self, name: str, ttl: float) -> bool:
        """Return whether the name is new."""
        self.asked.append(name)
        return self.asked.count(name) == 1


def settings(issuer: FakeIssuer, **others: Any) -> dict[str, Any]:
    """Those of a service that asks for proofs."""
    return {**issuer.settings(), "DPOP": "require", "DPOP_REPLAY": "memory", **others}


def flask_app(issuer: FakeIssuer, **others: Any) -> Flask:
    """One guarded view."""
    app = Flask(__name__)
    given = settings(issuer, **others)
    app.config.update({f"JWKS_AUTH_{name}": value for name, value in given.items()}, TESTING=True)
    JWKSAuth(app)
    app.add_url_rule("/me", view_func=in_flask(lambda: {"sender": current_token.sender}))
    return app


@pytest.mark.parametrize(
    ("trusts", "public", "url", "wanted"),
    [
        (False, None, "http://localhost/me", 200),
        (False, None, "https://api.acme.dev/v1/me", 401),
        (True, None, "https://api.acme.dev/v1/me", 200),
        (True, None, "http://localhost/me", 401),
        (True, None, "https://api.acme.dev/me", 401),
        (True, "https://public.example", "https://public.example/v1/me", 200),
        (True, "https://public.example", "https://api.acme.dev/v1/me", 401),
        (True, "https://public.example/orders", "https://public.example/orders/me", 200),
        (True, "https://public.example/orders", "https://public.example/orders/v1/me", 401),
        (False, "https://public.example", "https://public.example/me", 200),
        (False, "https://public.example", "http://localhost/me", 401),
    ],
)
def test_a_proxy_is_believed_where_flask_believes_it(
    trusts: bool, public: str | None, url: str, wanted: int
) -> None:
    """``ProxyFix``; the path of ``PUBLIC_URL`` stands in for its prefix, which counts without one."""
    issuer = FakeIssuer()
    app = flask_app(issuer, **({"PUBLIC_URL": public} if public else {}))
    if trusts:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_host=1, x_proto=1, x_prefix=1)  # type: ignore[method-assign]
    headers = {**FORWARDED, **issuer.client(dpop=True).headers("GET", url)}
    assert app.test_client().get("/me", headers=headers).status_code == wanted


@require_jwt
def me(request: HttpRequest) -> JsonResponse:
    """Tell the sender."""
    return JsonResponse({"sender": request.token.sender})  # type: ignore[attr-defined]


class ByPermission(APIView):
    """The same, of a sender with a proof."""

    authentication_classes = [JWTAuthentication]
    permission_classes = [HasSender("dpop")]

    def get(self, request: Any) -> Response:
        """Tell the sender."""
        return Response({"sender": request.auth.sender})


class OfEither(ByPermission):
    """Whichever way."""

    permission_classes = [HasSender("dpop") | HasSender("mtls")]


urlpatterns = [
    path("me", me),
    path("twice", require_jwt(sender="dpop")(me)),
    path("permission", ByPermission.as_view()),
    path("either", OfEither.as_view()),
]
MIDDLEWARE = "jwks_auth_django.middleware.JWTAuthenticationMiddleware"


@pytest.mark.parametrize(
    ("trusts", "public", "url", "wanted"),
    [
        (False, None, "http://testserver/me", 200),
        (False, None, "https://api.acme.dev/me", 401),
        (True, None, "https://api.acme.dev/me", 200),
        (True, None, "http://testserver/me", 401),
        (True, "https://public.example", "https://public.example/me", 200),
        (False, "https://public.example", "https://public.example/me", 200),
        (True, "https://public.example", "https://api.acme.dev/me", 401),
    ],
)
def test_a_proxy_is_believed_where_django_believes_it(
    trusts: bool, public: str | None, url: str, wanted: int
) -> None:
    """``SECURE_PROXY_SSL_HEADER`` and ``USE_X_FORWARDED_HOST``."""
    issuer = FakeIssuer()
    given = settings(issuer, **({"PUBLIC_URL": public} if public else {}))
    header = ("HTTP_X_FORWARDED_PROTO", "https") if trusts else None
    with override_settings(
        JWKS_AUTH=given, ROOT_URLCONF=__name__, MIDDLEWARE=[], ALLOWED_HOSTS=["*"],
        SECURE_PROXY_SSL_HEADER=header, USE_X_FORWARDED_HOST=trusts,
    ):  # fmt: skip
        headers = {**FORWARDED, **issuer.client(dpop=True).headers("GET", url)}
        assert Client().get("/me", headers=headers).status_code == wanted


@pytest.mark.parametrize("target", ["/me", "/twice", "/permission", "/either"])
@pytest.mark.parametrize("around", [[], [MIDDLEWARE], [MIDDLEWARE, MIDDLEWARE]], ids=len)
def test_django_s_guards_look_at_a_proof_once(target: str, around: list[str]) -> None:
    """Middleware, decorators and permissions; a plain token and a replay are refused."""
    issuer, store = FakeIssuer(), CountingStore()
    client = issuer.client(dpop=True)
    given = settings(issuer, DPOP_REPLAY=store, DPOP="accept")
    with override_settings(JWKS_AUTH=given, ROOT_URLCONF=__name__, MIDDLEWARE=around):
        headers = client.headers("GET", f"http://testserver{target}")
        answer = Client().get(target, headers=headers)
        assert (answer.status_code, json.loads(answer.content)) == (200, {"sender": "dpop"})
        assert len(store.asked) == 1
        assert Client().get(target, headers=headers).status_code == 401
        plain = Client().get(target, headers=issuer.headers()).status_code
        assert plain == (200 if target == "/me" else 401)


@pytest.mark.parametrize("guards", [1, 2, 5])
def test_flask_s_guards_look_at_a_proof_once(guards: int) -> None:
    """A blueprint's, and decorators in a row."""
    issuer, store = FakeIssuer(), CountingStore()
    app = flask_app(issuer, DPOP_REPLAY=store)
    blueprint = Blueprint("orders", __name__)
    blueprint.before_request(in_flask(lambda: None))
    view: Any = lambda: {"sender": current_token.sender}  # noqa: E731 - wrapped below
    for _ in range(guards):
        view = in_flask(sender="dpop")(view)
    blueprint.add_url_rule("/orders", view_func=view)
    app.register_blueprint(blueprint)
    headers = issuer.client(dpop=True).headers("GET", "http://localhost/orders")
    answers = [app.test_client().get("/orders", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[0].json == {"sender": "dpop"}
    assert len(store.asked) == 2


@pytest.mark.parametrize("is_async", [True, False])
def test_fastapi_s_guards_look_at_a_proof_once(is_async: bool) -> None:
    """Starlette's middleware, the application's, a router's and a route's dependencies, of several settings."""
    issuer, store = FakeIssuer(), CountingStore()
    given = settings(issuer, DPOP_REPLAY=store)
    auth, other = JWTBearer(given), JWTBearer({**given, "LEEWAY": 20})
    backend = JWTAuthenticationBackend(given)
    within = Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)
    app = FastAPI(dependencies=[Depends(auth)], middleware=[within])
    router = APIRouter(dependencies=[Security(other)])
    guard: Any = Depends(auth.requires(sender="dpop"))

    async def shown(token: Any = guard) -> dict[str, Any]:
        return {"sender": token.sender}

    def shown_in_a_thread(token: Any = guard) -> dict[str, Any]:
        return {"sender": token.sender}

    router.add_api_route("/me", shown if is_async else shown_in_a_thread)
    app.include_router(router)
    client = TestClient(app)
    headers = issuer.client(dpop=True).headers("GET", "http://testserver/me")
    assert client.get("/me", headers=headers).json() == {"sender": "dpop"}
    assert len(store.asked) == 1
    assert client.get("/me", headers=headers).status_code == 401


def test_a_client_of_two_services_on_one_request_proves_once() -> None:
    """An application that is mounted in another one, each with its own settings: the proof names the whole URL."""
    issuer, store = FakeIssuer(), CountingStore()
    given = settings(issuer, DPOP_REPLAY=store)
    outer, inner = FastAPI(), FastAPI(dependencies=[Depends(JWTBearer(given))])
    backend = JWTAuthenticationBackend(given)
    outer.add_middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)

    async def me() -> dict[str, bool]:
        return {"ok": True}

    inner.add_api_route("/me", me)
    outer.mount("/inner", inner)
    client: FakeClient = issuer.client(dpop=True)
    for url, wanted in (("http://testserver/inner/me", 200), ("http://testserver/me", 401)):
        answer = TestClient(outer).get("/inner/me", headers=client.headers("GET", url))
        assert answer.status_code == wanted
    assert len(store.asked) == 1
