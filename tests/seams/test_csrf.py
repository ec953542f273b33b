"""Forged requests: a page elsewhere has the browser send its session, and no guard of ours waves it through."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from ninja import NinjaAPI
from ninja.security import django_auth
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView

from jwks_auth.testing import FakeIssuer
from jwks_auth_django import RequireJWTMixin, require_jwt
from jwks_auth_django.ninja import AsyncJWTBearer, JWTBearer
from jwks_auth_django.rest_framework import JWTAuthentication

SESSIONS = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
OURS = "jwks_auth_django.middleware.JWTAuthenticationMiddleware"
CSRF_COOKIE = "x" * 32

optional = require_jwt(optional=True)


def view(request: HttpRequest) -> HttpResponse:
    """Who acts."""
    return HttpResponse(str(request.user))


async def aview(request: HttpRequest) -> HttpResponse:
    """Who acts, asked on an event loop."""
    return HttpResponse(str(await request.auser()))


class Mixed(RequireJWTMixin, View):
    """Guarded by the mixin."""

    jwt = {"optional": True}

    def get(self, request: HttpRequest) -> HttpResponse:
        """Who acts."""
        return view(request)

    post = get


class MixedAsync(RequireJWTMixin, View):
    """The same, on an event loop."""

    jwt = {"optional": True}

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Who acts."""
        return await aview(request)

    post = get


@method_decorator([csrf_protect, optional], name="dispatch")
class ProtectedOutside(View):
    """The decorator around the guard, on the method."""

    get = post = lambda self, request: view(request)


@method_decorator([optional, csrf_protect], name="dispatch")
class ProtectedInside(View):
    """The decorator within the guard, on the method."""

    get = post = lambda self, request: view(request)


@method_decorator(csrf_protect, name="dispatch")
class MixedOutside(Mixed):
    """The decorator within the mixin's guard."""


class InDRF(APIView):
    """Tokens, then sessions."""

    authentication_classes: Any = [JWTAuthentication, SessionAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request: Any) -> HttpResponse:
        """Who acts."""
        return HttpResponse(str(request.user))

    post = get


class SessionsFirst(InDRF):
    """Sessions, then tokens."""

    authentication_classes = [SessionAuthentication, JWTAuthentication]


def ninja_urls() -> Any:
    """Tokens, then sessions; and a guard within."""
    api = NinjaAPI(urls_namespace="csrf", docs_url=None)
    methods = ["GET", "POST"]
    api.api_operation(methods, "/sync", auth=[JWTBearer(), django_auth])(view)
    api.api_operation(methods, "/async", auth=[AsyncJWTBearer(), django_auth])(aview)
    api.api_operation(methods, "/sessions", auth=[django_auth, JWTBearer()])(view)

    @api.api_operation(methods, "/within", auth=[JWTBearer(), django_auth])
    @optional
    def within(request: HttpRequest) -> HttpResponse:
        return view(request)

    return api.urls


# Each protected by itself, without CsrfViewMiddleware.
BY_THEMSELVES: dict[str, Any] = {
    "/outside": csrf_protect(optional(view)),
    "/outside/async": csrf_protect(optional(aview)),
    "/inside": optional(csrf_protect(view)),
    "/inside/async": optional(csrf_protect(aview)),
    "/between": optional(csrf_protect(optional(view))),
    "/further": never_cache(csrf_protect(never_cache(optional(view)))),
    "/exempt/further": csrf_exempt(csrf_protect(optional(view))),
    "/mixin": csrf_protect(Mixed.as_view()),
    "/mixin/async": csrf_protect(MixedAsync.as_view()),
    "/mixin/within": MixedOutside.as_view(),
    "/class/outside": ProtectedOutside.as_view(),
    "/class/inside": ProtectedInside.as_view(),
    "/drf": InDRF.as_view(),
    "/drf/sessions": SessionsFirst.as_view(),
}
NINJA = ["/ninja/sync", "/ninja/async", "/ninja/sessions", "/ninja/within"]
# Protected by CsrfViewMiddleware.
BY_MIDDLEWARE: dict[str, Any] = {
    "/m": optional(view),
    "/m/async": optional(aview),
    "/m/mixin": Mixed.as_view(),
    "/m/nested": never_cache(optional(optional(view))),
}

STACKS = {
    "decorators": SESSIONS,
    "decorators, ours": [*SESSIONS, OURS],
    "middleware": [*SESSIONS, CSRF],
    "middleware, ours": [*SESSIONS, CSRF, OURS],
    "middleware, ours first": [*SESSIONS, OURS, CSRF],
}


def served(project: Any, stack: str) -> list[str]:
    """The routes that are protected behind this stack."""
    project({**BY_THEMSELVES, **BY_MIDDLEWARE, "/ninja/": ninja_urls()}, MIDDLEWARE=STACKS[stack])
    return [*BY_THEMSELVES, *NINJA, *(BY_MIDDLEWARE if CSRF in STACKS[stack] else ())]


SESSION_BEFORE = {"/drf/sessions", "/ninja/sessions"}


def taking_tokens(project: Any, stack: str) -> list[str]:
    """The same, but for where Ninja asks for a session first, and refuses who has none before it asks for a token."""
    return [each for each in served(project, stack) if OURS in STACKS[stack] or each != "/ninja/sessions"]


def signed_in(client: Any) -> Any:
    """The client with a session of ada's."""
    client.force_login(User.objects.create(username="ada"), "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("stack", STACKS)
def test_a_forged_post_with_a_session(project: Any, database: None, stack: str) -> None:
    """403 on every route, from wherever the protection came; with the CSRF token, and for GET, the session acts."""
    routes = served(project, stack)
    client = signed_in(Client(enforce_csrf_checks=True))
    assert {route: client.post(route).status_code for route in routes} == dict.fromkeys(routes, 403)
    assert {route: client.get(route).content for route in routes} == dict.fromkeys(routes, b"ada")
    client.cookies["csrftoken"] = CSRF_COOKIE
    answers = {route: client.post(route, headers={"X-CSRFToken": CSRF_COOKIE}).content for route in routes}
    assert answers == dict.fromkeys(routes, b"ada")


@pytest.mark.parametrize("stack", STACKS)
def test_a_good_token_needs_no_csrf_token(
    project: Any, issuer: FakeIssuer, database: None, stack: str
) -> None:
    """The control: no browser sends that header by itself; a bad token is 401 and not the session's."""
    routes = taking_tokens(project, stack)
    headers = issuer.headers(sub="u1")
    client = Client(enforce_csrf_checks=True)
    assert {route: client.post(route, headers=headers).content for route in routes} == dict.fromkeys(
        routes, b"u1"
    )
    bad = {"Authorization": "Bearer nonsense"}
    assert {route: client.post(route, headers=bad).status_code for route in routes} == dict.fromkeys(
        routes, 401
    )


@pytest.mark.parametrize("stack", STACKS)
def test_a_good_token_beside_a_session(project: Any, issuer: FakeIssuer, database: None, stack: str) -> None:
    """The token acts; where a project asks sessions first, and no middleware knew the token, the session is judged."""
    routes = served(project, stack)
    client = signed_in(Client(enforce_csrf_checks=True))
    for route in routes:
        response = client.post(route, headers=issuer.headers(sub="u1"))
        judged = route in SESSION_BEFORE and OURS not in STACKS[stack]
        assert (route, response.status_code) == (route, 403 if judged else 200)
        assert judged or response.content == b"u1"


@pytest.mark.parametrize("stack", STACKS)
async def test_a_forged_post_in_an_async_stack(
    project: Any, issuer: FakeIssuer, database: None, stack: str
) -> None:
    """The same where ASGI serves."""
    routes = served(project, stack)
    client = AsyncClient(enforce_csrf_checks=True)
    user = await User.objects.acreate(username="ada")
    await client.aforce_login(user, "django.contrib.auth.backends.ModelBackend")
    assert {route: (await client.post(route)).status_code for route in routes} == dict.fromkeys(routes, 403)
    stranger, routes = AsyncClient(enforce_csrf_checks=True), taking_tokens(project, stack)
    answers = {
        route: (await stranger.post(route, headers=issuer.headers(sub="u1"))).content for route in routes
    }
    assert answers == dict.fromkeys(routes, b"u1")


EXEMPT: dict[str, Any] = {
    "/around": csrf_exempt(optional(view)),
    "/within": optional(csrf_exempt(view)),
    "/protected/around": csrf_protect(csrf_exempt(optional(view))),
}


@pytest.mark.parametrize("stack", STACKS)
def test_a_project_may_still_exempt_a_view(project: Any, database: None, stack: str) -> None:
    """``csrf_exempt`` means what it does without a guard: the innermost of the two decorators decides."""
    project(EXEMPT, MIDDLEWARE=STACKS[stack])
    client = signed_in(Client(enforce_csrf_checks=True))
    assert {route: client.post(route).content for route in EXEMPT} == dict.fromkeys(EXEMPT, b"ada")


def test_no_protection_is_none(project: Any, database: None) -> None:
    """A guard adds no CSRF protection to a project without, also after a request that another protection judged."""
    project({"/bare": optional(view), "/judged": csrf_protect(optional(view))}, MIDDLEWARE=SESSIONS)
    client = signed_in(Client(enforce_csrf_checks=True))
    assert client.post("/judged").status_code == 403
    assert client.post("/bare").content == b"ada"


def test_any_decorator_may_stand_around_a_guard(project: Any) -> None:
    """Also one that encloses a name without a value."""

    def decorated(inner: Any) -> Any:
        @functools.wraps(inner)
        def wrapper(request: HttpRequest) -> HttpResponse:
            return never if request.GET else inner(request)

        if not inner:
            never = inner
        return wrapper

    project({"/x": decorated(optional(view))}, MIDDLEWARE=STACKS["middleware"])
    assert Client(enforce_csrf_checks=True).post("/x").status_code == 403


def test_the_decorator_without_a_url(project: Any) -> None:
    """Called as in a unit test, with nothing resolved, it is protected all the same; a guard alone is not."""
    project({})
    request = RequestFactory().post("/")
    request.user = User(username="ada")
    assert csrf_protect(optional(view))(request).status_code == 403
    assert optional(view)(request).content == b"ada"
