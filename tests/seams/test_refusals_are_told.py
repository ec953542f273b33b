"""A request refused behind the log's back: whoever refuses, log, callback and signal hear of it, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from fastapi import Depends, FastAPI, Security
from flask import Flask
from ninja import NinjaAPI
from pydantic import BaseModel
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from jwks_auth import Policy
from jwks_auth.adapters import Authenticator
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt, signals
from jwks_auth_django.conf import MIDDLEWARE as OURS
from jwks_auth_django.ninja import AsyncJWTBearer, JWTBearer
from jwks_auth_django.rest_framework import HasRole, HasScopes, JWTAuthentication
from jwks_auth_django.users import TokenUser
from jwks_auth_fastapi import JWTBearer as FastAPIBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend
from jwks_auth_fastapi.starlette import require_jwt as in_starlette
from jwks_auth_flask import JWKSAuth, token_rejected
from jwks_auth_flask import require_jwt as in_flask
from tests.contract.runner import refusals_logged

GOOD = {"sub": "alice", "scope": "read", "tier": "gold"}
REFUSED = {
    "a user who is gone": ({**GOOD, "sub": "gone"}, "user_refused"),
    "a scope that is missing": ({**GOOD, "scope": "write"}, "insufficient_scope"),
    "a token that expired": ({**GOOD, "exp": 1}, "expired"),
}


@pytest.fixture
def issuer() -> FakeIssuer:
    """An issuer whose tokens are trusted."""
    return FakeIssuer()


def known(token: Any) -> Any:
    """The account, if there is one."""
    return None if token.subject == "gone" else token.subject


def view() -> dict[str, Any]:
    """Nothing."""
    return {}


async def view_async() -> dict[str, Any]:
    """Nothing, on a loop."""
    return {}


# FastAPI and Starlette: the authenticator's own callback.


def fastapi_client(authenticator: Authenticator) -> TestClient:
    """A scheme, a scope, typed claims, a policy and a user, one after another."""

    class Claims(BaseModel):
        tier: str

    auth = FastAPIBearer(authenticator, claims=Claims)
    app = FastAPI()
    needed = [Security(auth, scopes=["read"]), Depends(auth.requires(~Policy(any_role=["guest"])))]
    app.add_api_route("/", view_async, dependencies=[*needed, Depends(auth.user(known))])
    return TestClient(app)


def starlette_client(authenticator: Authenticator) -> TestClient:
    """The middleware, and guards within guards."""
    backend = JWTAuthenticationBackend(authenticator)
    endpoint = in_starlette(in_starlette(scopes="read")(JSONResponse({})))
    around = [Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)]
    return TestClient(Starlette(routes=[Route("/", endpoint)], middleware=around))


LOOPS = [
    *((fastapi_client, *row) for row in REFUSED.values()),
    (fastapi_client, {**GOOD, "tier": 1}, "invalid_claim"),
    (fastapi_client, {**GOOD, "roles": ["guest"]}, "insufficient_scope"),
    (starlette_client, {**GOOD, "scope": "write"}, "insufficient_scope"),
    (starlette_client, {**GOOD, "exp": 1}, "expired"),
]


@pytest.mark.parametrize(("make", "claims", "code"), LOOPS)
def test_on_a_loop_each_refusal_is_told_once(
    issuer: FakeIssuer, make: Any, claims: dict[str, Any], code: str
) -> None:
    """By the log and by ``on_rejected``; a request that is let in by neither."""
    heard: list[str] = []
    client = make(Authenticator(issuer.settings(), on_rejected=lambda error: heard.append(error.code)))
    with refusals_logged() as lines:
        assert client.get("/", headers=issuer.headers(**claims)).status_code >= 400
    assert (heard, lines) == ([code], [f"request refused: {code}"])
    with refusals_logged() as lines:
        assert client.get("/", headers=issuer.headers(**GOOD)).status_code == 200
    assert (heard, lines) == ([code], [])
    with refusals_logged() as lines:
        assert client.get("/").status_code == 401
    assert (heard, lines) == ([code], ["request refused: missing_token"])


# Flask: the signal.


@pytest.mark.parametrize("handler", [view, view_async])
@pytest.mark.parametrize(("claims", "code"), REFUSED.values(), ids=REFUSED)
def test_in_flask_each_refusal_is_told_once(
    issuer: FakeIssuer, handler: Any, claims: dict[str, Any], code: str
) -> None:
    """By the log and the signal, under guards within guards; a request that is let in by neither."""
    app, auth, heard = Flask("told"), JWKSAuth(), list[str]()
    app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"))
    auth.init_app(app)
    auth.user_loader(known)
    auth.protect(app)
    app.add_url_rule("/", "view", in_flask(in_flask(scopes="read")(handler)))
    client = app.test_client()

    def receiver(sender: Any, error: Any) -> None:
        heard.append(error.code)

    with token_rejected.connected_to(receiver, app):
        with refusals_logged() as lines:
            assert client.get("/", headers=issuer.headers(**claims)).status_code >= 400
        assert (heard, lines) == ([code], [f"request refused: {code}"])
        with refusals_logged() as lines:
            assert client.get("/", headers=issuer.headers(**GOOD)).status_code == 200
        assert (heard, lines) == ([code], [])
        with refusals_logged() as lines:
            assert client.get("/").status_code == 401
    assert (heard, lines) == ([code], ["request refused: missing_token"])


# Django: functions, DRF and Ninja, with the middleware and without.


@require_jwt
@require_jwt(scopes="read")
def page(request: HttpRequest) -> HttpResponse:
    """A guard within a guard."""
    return HttpResponse()


@require_jwt
@require_jwt(scopes="read")
async def page_async(request: HttpRequest) -> HttpResponse:
    """On a loop."""
    return HttpResponse()


@require_jwt
def checked(request: HttpRequest) -> HttpResponse:
    """A view that judges by itself."""
    Policy(scopes="read").check(request.token)  # type: ignore[attr-defined]
    return HttpResponse()


class InDRF(APIView):
    """A composition, whose parts are each asked."""

    authentication_classes = [JWTAuthentication]
    permission_classes = [IsAuthenticated, HasScopes("read") | HasScopes("all") | HasRole("admin")]

    def get(self, request: Any) -> Response:
        """Nothing."""
        return Response({})


def ninja_views() -> Any:
    """One bearer after another, and a plain one, sync and async."""
    api = NinjaAPI(urls_namespace="told", docs_url=None)

    @api.get("/", auth=[JWTBearer(scopes="read"), JWTBearer(scopes="read")])
    def two(request: HttpRequest) -> dict[str, Any]:
        return {}

    @api.get("/async", auth=AsyncJWTBearer(scopes="read"))
    async def one(request: HttpRequest) -> dict[str, Any]:
        return {}

    return api.urls


@contextmanager
def heard_in_django() -> Iterator[list[str]]:
    """The codes that the signal tells."""
    codes: list[str] = []

    def receiver(code: str, **kwargs: Any) -> None:
        codes.append(code)

    signals.token_rejected.connect(receiver)
    try:
        yield codes
    finally:
        signals.token_rejected.disconnect(receiver)


def account_of(request: Any, token: Any) -> Any:
    """What ``USER["STORE"]`` names."""
    return None if token.subject == "gone" else TokenUser(token)


URLS = (
    path("page", page),
    path("async", page_async),
    path("checked", checked),
    path("drf", InDRF.as_view()),
    path("ninja/", ninja_views()),
)
PLACES = ["/page", "/async", "/checked", "/drf", "/ninja/", "/ninja/async"]


@pytest.mark.parametrize("stack", [[], [OURS]], ids=["alone", "middleware"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("claims", "code"), REFUSED.values(), ids=REFUSED)
async def test_in_django_each_refusal_is_told_once(
    issuer: FakeIssuer, stack: list[str], place: str, claims: dict[str, Any], code: str
) -> None:
    """By the log and the signal, under WSGI and ASGI; a request that is let in by neither."""
    own = {**issuer.settings(), "USER": {"STORE": f"{__name__}.account_of"}}
    with override_settings(JWKS_AUTH=own, MIDDLEWARE=stack, ROOT_URLCONF=URLS):
        for sent, told in ((claims, [code]), (GOOD, []), (None, ["missing_token"])):
            headers = {} if sent is None else issuer.headers(**sent)
            with heard_in_django() as heard, refusals_logged() as lines:
                answer = await AsyncClient().get(place, headers=headers)
            assert (answer.status_code == 200) is (not told)
            assert heard == [each for each in told if each != "missing_token"]
            assert lines == [f"request refused: {each}" for each in told]


def test_under_wsgi_too(issuer: FakeIssuer) -> None:
    """The same, without a loop."""
    own = {**issuer.settings(), "USER": {"STORE": f"{__name__}.account_of"}}
    with override_settings(JWKS_AUTH=own, MIDDLEWARE=[], ROOT_URLCONF=URLS):
        for place in PLACES:
            for claims, code in REFUSED.values():
                with heard_in_django() as heard, refusals_logged() as lines:
                    assert Client().get(place, headers=issuer.headers(**claims)).status_code >= 400
                assert (heard, lines) == ([code], [f"request refused: {code}"]), place
