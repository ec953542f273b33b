"""Doors for what comes next: any verifier behind an authenticator, headers on success in every framework, schemes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from fastapi import Depends, FastAPI, Request
from flask import Flask
from flask import request as flask_request
from ninja import NinjaAPI
from rest_framework.response import Response
from rest_framework.views import APIView
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from jwks_auth import InvalidTokenError, TokenVerifier, Verifier
from jwks_auth.adapters import Authenticator, Credentials, Memo, RawToken, Requirement
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.conf import MIDDLEWARE, configuration
from jwks_auth_django.ninja import JWTBearer as NinjaBearer
from jwks_auth_django.rest_framework import JWTAuthentication
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend
from jwks_auth_flask import JWKSAuth
from jwks_auth_flask import require_jwt as in_flask

NONCE = ("DPoP-Nonce", "n-1")


@pytest.fixture
def issuer() -> FakeIssuer:
    """An issuer whose tokens are trusted."""
    return FakeIssuer()


def owe(kept: Any, authenticator: Authenticator) -> dict[str, Any]:
    """Stand for a scheme whose answers carry a header once a request was let in."""
    admission = Memo.on(kept, authenticator).admission
    assert admission is not None
    admission.headers += (NONCE,)
    return {}


def fastapi_answer(issuer: FakeIssuer, headers: dict[str, str]) -> Any:
    """A dependency."""
    auth = JWTBearer(issuer.settings())
    app = FastAPI()

    @app.get("/", dependencies=[Depends(auth)])
    async def view(request: Request) -> Any:
        return owe(request.scope, auth.authenticator)

    return TestClient(app).get("/", headers=headers)


def starlette_answer(issuer: FakeIssuer, headers: dict[str, str]) -> Any:
    """The middleware."""
    backend = JWTAuthenticationBackend(issuer.settings())

    async def view(request: Any) -> JSONResponse:
        return JSONResponse(owe(request.scope, backend.authenticator))

    around = [Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)]
    return TestClient(Starlette(routes=[Route("/", view)], middleware=around)).get("/", headers=headers)


def flask_answer(issuer: FakeIssuer, headers: dict[str, str]) -> Any:
    """A decorator."""
    app = Flask(__name__)
    app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"))
    auth = JWKSAuth(app)
    app.add_url_rule("/", view_func=in_flask(lambda: owe(flask_request.environ, auth.authenticator(app))))
    return app.test_client().get("/", headers=headers)


def django_view(request: Any) -> HttpResponse:
    """Owe one in Django."""
    owe(request.META, configuration().authenticator)
    return HttpResponse("{}", content_type="application/json")


async def django_async_view(request: HttpRequest) -> HttpResponse:
    """The same, on a loop."""
    return django_view(request)


class DRFView(APIView):
    """The same, in DRF."""

    authentication_classes = (JWTAuthentication,)

    def get(self, request: Any) -> Response:
        """Owe one."""
        return Response(owe(request._request.META, configuration().authenticator))


def ninja_urls() -> Any:
    """The same, in Ninja."""
    api = NinjaAPI(urls_namespace="doors")
    api.get("/", auth=NinjaBearer())(lambda request: owe(request.META, configuration().authenticator))
    return api.urls


def in_django(view: Any, *, middleware: bool = False, is_async: bool = False) -> Callable[..., Any]:
    """A site of one view."""

    def answer(issuer: FakeIssuer, headers: dict[str, str]) -> Any:
        with override_settings(
            JWKS_AUTH=issuer.settings(),
            ROOT_URLCONF=(path("", view() if view is ninja_urls else view),),
            MIDDLEWARE=[MIDDLEWARE] if middleware else [],
        ):
            if is_async:
                return asyncio.run(AsyncClient().get("/", headers=headers))
            return Client().get("/", headers=headers)

    return answer


FRAMEWORKS: dict[str, Callable[[FakeIssuer, dict[str, str]], Any]] = {
    "fastapi": fastapi_answer,
    "starlette": starlette_answer,
    "flask": flask_answer,
    "django": in_django(require_jwt(django_view)),
    "django async": in_django(require_jwt(django_async_view), is_async=True),
    "django middleware": in_django(django_view, middleware=True),
    "django async middleware": in_django(django_async_view, middleware=True, is_async=True),
    "drf": in_django(DRFView.as_view()),
    "ninja": in_django(ninja_urls),
}


@pytest.mark.parametrize("answer", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_what_an_admission_owes_is_on_the_answer(answer: Callable[..., Any], issuer: FakeIssuer) -> None:
    """Once, in every framework, beside what caches are told."""
    got = answer(issuer, issuer.headers(sub="u1"))
    assert got.status_code == 200
    found = got.headers.get_list(NONCE[0]) if hasattr(got.headers, "get_list") else [got.headers[NONCE[0]]]
    assert found == [NONCE[1]]
    assert "Authorization" in got.headers["Vary"]


class Cached:
    """A verifier in front of another: what was verified once is verified no more."""

    def __init__(self, behind: TokenVerifier) -> None:
        self.behind = behind
        self.found: dict[RawToken, Any] = {}
        self.asked = 0

    @property
    def issuers(self) -> Any:
        """Those of the one behind."""
        return self.behind.issuers

    def verify_any_audience(self, raw: RawToken) -> Any:
        """Ask behind, once for each token."""
        if raw not in self.found:
            self.asked += 1
            self.found[raw] = self.behind.verify_any_audience(raw)
        return self.found[raw]

    async def averify_any_audience(self, raw: RawToken) -> Any:
        """The same."""
        return self.verify_any_audience(raw)

    def admit(self, token: Any, audience: Any = None) -> None:
        """Ask behind."""
        self.behind.admit(token, audience)

    async def aadmit(self, token: Any, audience: Any = None) -> None:
        """Ask behind."""
        await self.behind.aadmit(token, audience)


def test_any_verifier_stands_behind_an_authenticator(issuer: FakeIssuer) -> None:
    """A cache in front of the usual one, sync and async; routes, audiences and refusals are as they were."""
    settings = issuer.settings(audience=["api", "reports"])
    cached = Cached(Authenticator(settings)._described)
    verifier: Verifier = cached
    authenticator = Authenticator(settings, verifier=verifier)
    sent = issuer.headers(sub="u1", aud="api")["Authorization"]
    for _ in range(2):
        token = authenticator.authenticate(Credentials([sent]))
        assert token is asyncio.run(authenticator.aauthenticate(Credentials([sent])))
        with pytest.raises(InvalidTokenError):
            authenticator.authenticate(Credentials([sent]), Requirement.of(audience="reports"))
    assert cached.asked == 1
    assert authenticator.issuers == verifier.issuers
    raw = RawToken(sent.removeprefix("Bearer "))
    assert authenticator.verify(raw) is asyncio.run(authenticator.averify(raw)) is token
    assert authenticator.explain(raw).failed is None


@pytest.mark.parametrize("audience", ["api", "reports", "elsewhere"])
def test_an_authenticator_says_what_it_accepts(audience: str, issuer: FakeIssuer) -> None:
    """A route's audience may be covered by the service's, or not."""
    authenticator = Authenticator(issuer.settings(audience=["api", "reports"]))
    assert authenticator.accepts([audience]) == (audience != "elsewhere")
    assert not authenticator.accepts(["api", "elsewhere"])


def test_a_challenge_has_the_scheme_of_the_request(issuer: FakeIssuer) -> None:
    """One scheme today, in its own spelling; a foreign one is answered with ours."""
    authenticator = Authenticator(issuer.settings())
    for sent in (["bearer x"], ["Basic dXNlcg=="], []):
        answer = authenticator.rejection(InvalidTokenError("expired"), Credentials(sent))
        assert answer.headers[0][1].startswith('Bearer realm="api", error="invalid_token"')
    assert InvalidTokenError("expired").challenge(scheme="JWT").startswith('JWT realm="api"')
