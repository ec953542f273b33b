"""A token in a cookie under Django's CSRF protection: it is held to the rule of sessions, wherever a guard stands."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.test import AsyncClient, Client
from django.views import View
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from ninja import NinjaAPI
from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView

from jwks_auth.testing import FakeIssuer
from jwks_auth_django import RequireJWTMixin, require_jwt
from jwks_auth_django.ninja import AsyncJWTBearer, JWTBearer
from jwks_auth_django.rest_framework import HasScopes, JWTAuthentication
from tests.seams.test_csrf import CSRF, CSRF_COOKIE, OURS, SESSIONS, aview, view

COOKIE = {"TOKEN_SOURCES": ["header", "cookie:jwt"]}
optional = require_jwt(optional=True)


class Required(RequireJWTMixin, View):
    """Guarded by the mixin."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Who acts."""
        return view(request)

    post = get


class InDRF(APIView):
    """Tokens alone."""

    authentication_classes = [JWTAuthentication]
    permission_classes = [IsAuthenticated & HasScopes("a")]

    def get(self, request: Any) -> HttpResponse:
        """Who acts."""
        return HttpResponse(str(request.user))

    post = get


def ninja_urls() -> Any:
    """Sync and async operations, one of them exempt."""
    api = NinjaAPI(urls_namespace="cookies", docs_url=None)
    methods = ["GET", "POST"]
    api.api_operation(methods, "/sync", auth=JWTBearer())(view)
    api.api_operation(methods, "/async", auth=AsyncJWTBearer())(aview)
    api.api_operation(methods, "/exempt", auth=JWTBearer())(csrf_exempt(view))
    return api.urls


GUARDED: dict[str, Any] = {
    "/required": require_jwt(view),
    "/required/async": require_jwt(aview),
    "/required/scopes": require_jwt(scopes="a")(view),
    "/optional": optional(view),
    "/optional/async": optional(aview),
    "/nested": require_jwt(optional(view)),
    "/mixin": Required.as_view(),
    "/drf": InDRF.as_view(),
}
PROTECTED: dict[str, Any] = {
    "/outside": csrf_protect(require_jwt(view)),
    "/outside/async": csrf_protect(require_jwt(aview)),
    "/inside": require_jwt(csrf_protect(view)),
    "/between": require_jwt(csrf_protect(optional(view))),
}
EXEMPT: dict[str, Any] = {
    "/around": csrf_exempt(require_jwt(view)),
    "/within": require_jwt(csrf_exempt(view)),
}
NINJA = ["/ninja/sync", "/ninja/async"]

STACKS = {
    "middleware": [*SESSIONS, CSRF],
    "middleware, ours": [*SESSIONS, CSRF, OURS],
    "middleware, ours first": [*SESSIONS, OURS, CSRF],
}
WITHOUT = {"nothing": SESSIONS, "ours": [*SESSIONS, OURS]}


def served(project: Any, stack: list[str]) -> list[str]:
    """The routes of a project; with our middleware views without a guard too."""
    plain = {"/plain": view, "/plain/async": aview} if OURS in stack else {}
    views = {**GUARDED, **PROTECTED, **plain}
    project({**views, **EXEMPT, "/ninja/": ninja_urls()}, MIDDLEWARE=stack, **COOKIE)
    return [*views, *NINJA]


def sender(issuer: FakeIssuer, client: Any) -> Any:
    """A browser with the cookie."""
    client.cookies["jwt"] = issuer.token(sub="u1", scope="a")
    return client


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_a_forged_post_with_a_token_in_a_cookie(project: Any, issuer: FakeIssuer, stack: list[str]) -> None:
    """403 on every route, guarded or not; with the CSRF token, for GET, and from a header the token acts."""
    routes = served(project, stack)
    client = sender(issuer, Client(enforce_csrf_checks=True))
    assert {route: client.post(route).status_code for route in routes} == dict.fromkeys(routes, 403)
    assert {route: client.get(route).content for route in routes} == dict.fromkeys(routes, b"u1")
    headers = issuer.headers(sub="u2", scope="a")
    answers = {route: client.post(route, headers=headers).content for route in routes}
    assert answers == dict.fromkeys(routes, b"u2")
    client.cookies["csrftoken"] = CSRF_COOKIE
    answers = {route: client.post(route, headers={"X-CSRFToken": CSRF_COOKIE}).content for route in routes}
    assert answers == dict.fromkeys(routes, b"u1")
    assert {route: client.post(route).status_code for route in routes} == dict.fromkeys(routes, 403)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
async def test_a_forged_post_in_an_async_stack(project: Any, issuer: FakeIssuer, stack: list[str]) -> None:
    """The same where ASGI serves."""
    routes = served(project, stack)
    client = sender(issuer, AsyncClient(enforce_csrf_checks=True))
    assert {route: (await client.post(route)).status_code for route in routes} == dict.fromkeys(routes, 403)
    client.cookies["csrftoken"] = CSRF_COOKIE
    sent = {"X-CSRFToken": CSRF_COOKIE}
    answers = {route: (await client.post(route, headers=sent)).content for route in routes}
    assert answers == dict.fromkeys(routes, b"u1")


@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_a_project_may_still_exempt_a_view(project: Any, issuer: FakeIssuer, stack: list[str]) -> None:
    """As for sessions: what ``csrf_exempt`` opens is open to other sites."""
    served(project, stack)
    client, routes = sender(issuer, Client(enforce_csrf_checks=True)), [*EXEMPT, "/ninja/exempt"]
    assert {route: client.post(route).content for route in routes} == dict.fromkeys(routes, b"u1")


@pytest.mark.parametrize("stack", WITHOUT.values(), ids=WITHOUT)
def test_without_the_middleware_the_core_judges(project: Any, issuer: FakeIssuer, stack: list[str]) -> None:
    """By the site of the page; ``csrf_protect`` around or within a guard still asks for its token."""
    routes = [each for each in served(project, stack) if each not in PROTECTED]
    client = sender(issuer, Client(enforce_csrf_checks=True))
    answers = [client.post(route, headers={"Sec-Fetch-Site": "cross-site"}) for route in routes]
    assert {answer.status_code for answer in answers} == {403}
    assert all('error="cross_site"' in answer["WWW-Authenticate"] for answer in answers)
    own = {"Sec-Fetch-Site": "same-origin"}
    assert {client.post(route, headers=own).content for route in routes} == {b"u1"}
    assert {client.post(route, headers=own).status_code for route in PROTECTED} == {403}


class Own(CsrfViewMiddleware):
    """A project's own protection."""


def test_a_middleware_of_ones_own_is_known_by_its_class(project: Any, issuer: FakeIssuer) -> None:
    """It judges, and the core does not."""
    project(GUARDED, MIDDLEWARE=[*SESSIONS, f"{__name__}.Own"], **COOKIE)
    client = sender(issuer, Client(enforce_csrf_checks=True))
    assert {client.post(route).status_code for route in GUARDED} == {403}
    client.cookies["csrftoken"] = CSRF_COOKIE
    sent = {"X-CSRFToken": CSRF_COOKIE, "Sec-Fetch-Site": "cross-site"}
    assert {client.post(route, headers=sent).content for route in GUARDED} == {b"u1"}


def test_a_cookie_copied_into_the_header_would_switch_protection_off(
    project: Any, issuer: FakeIssuer
) -> None:
    """The shim that docs warn of, beside the setting that replaces it."""
    project({"/me": require_jwt(view)}, MIDDLEWARE=[f"{__name__}.shim", CSRF])
    client = sender(issuer, Client(enforce_csrf_checks=True))
    assert client.post("/me").status_code == 200
    project({"/me": require_jwt(view)}, MIDDLEWARE=[CSRF], **COOKIE)
    assert sender(issuer, Client(enforce_csrf_checks=True)).post("/me").status_code == 403


def shim(get_response: Any) -> Any:
    """Copy the cookie into the header, as many examples do."""

    def middleware(request: HttpRequest) -> Any:
        request.META["HTTP_AUTHORIZATION"] = f"Bearer {request.COOKIES['jwt']}"
        return get_response(request)

    return middleware
