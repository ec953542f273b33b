"""``REQUIRED`` left to guards that only look like ours: who gets past them needs a token after all."""

from __future__ import annotations

import functools
import sys
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path, re_path
from ninja import NinjaAPI
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import AllowAny, IsAdminUser, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jwks_auth.testing import FakeIssuer
from jwks_auth_django.audit import asks_for_token
from jwks_auth_django.ninja import JWTBearer
from jwks_auth_django.rest_framework import HasScopes, IsPerson, JWTAuthentication
from tests.django_site import settings as site


class Anybody(SessionAuthentication):
    """Knows everybody."""

    def authenticate(self, request: Any) -> Any:
        """Sign in whoever comes."""
        return AnonymousUser(), None


class Own(JWTAuthentication):
    """A project's own way."""

    def authenticate(self, request: Any) -> Any:
        """Sign in whoever comes."""
        return AnonymousUser(), None


class Reports(JWTAuthentication):
    """A subclass for an audience."""

    audience = "api"


class Lax(HasScopes):
    """A project's own idea of scopes."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Let everybody in."""
        return True


def in_drf(*permissions: Any, authentication: Any = (JWTAuthentication,), **fields: Any) -> Any:
    """A view of DRF's."""

    def get(self: Any, request: Any) -> Response:
        return Response({})

    names = {
        "authentication_classes": authentication,
        "permission_classes": permissions,
        "get": get,
        **fields,
    }
    return type("Some", (APIView,), names).as_view()


def in_front(view: Any) -> Any:
    """Answer by itself."""

    @functools.wraps(view)
    def answered(request: Any, *args: Any, **kwargs: Any) -> Any:
        return HttpResponse("ok") if request.method == "GET" else view(request, *args, **kwargs)

    return answered


SURE: dict[str, Any] = {
    "a permission of ours": in_drf(HasScopes("a")),
    "one of several": in_drf(AllowAny, IsPerson),
    "another authentication of ours": in_drf(IsAuthenticated, authentication=(Reports, JWTAuthentication)),
    "a user by tokens alone": in_drf(IsAuthenticated),
}
UNSURE: dict[str, Any] = {
    "no permission": in_drf(),
    "anybody": in_drf(AllowAny),
    "a session may do": in_drf(IsAuthenticated, authentication=(JWTAuthentication, SessionAuthentication)),
    "no authentication": in_drf(IsAuthenticated, authentication=()),
    "another authentication": in_drf(IsAuthenticated, authentication=(Anybody,)),
    "an authentication of the project's": in_drf(IsAuthenticated, authentication=(Own,)),
    "a permission of the project's": in_drf(Lax("a")),
    "another way in": in_drf(HasScopes("a") | IsAdminUser, authentication=(SessionAuthentication,)),
    "permissions by a method": in_drf(HasScopes("a"), get_permissions=lambda self: []),
    "authenticators by a method": in_drf(IsAuthenticated, get_authenticators=lambda self: [Anybody()]),
    "a dispatch of the project's": in_drf(HasScopes("a"), dispatch=lambda self, request: Response({})),
    "a decorator around it": in_front(in_drf(HasScopes("a"))),
    "a session beside the token": in_drf(
        HasScopes("a"), authentication=(JWTAuthentication, SessionAuthentication)
    ),
    "a challenge of another": in_drf(
        HasScopes("a"), authentication=(SessionAuthentication, JWTAuthentication)
    ),
    "a plain view": lambda request: None,
}


@pytest.mark.parametrize("name", SURE)
def test_a_guard_that_nobody_passes_without_a_token_answers_itself(name: str) -> None:
    """With DRF's own body, and the scopes of the view in the challenge."""
    issuer = FakeIssuer()
    assert asks_for_token(SURE[name], "GET")
    answer = asked(issuer, SURE[name])
    assert (answer.status_code, answer.json().keys()) == (401, {"detail"})
    assert ('scope="a"' in answer["WWW-Authenticate"]) == (name == "a permission of ours")


@pytest.mark.parametrize("name", UNSURE)
def test_a_guard_that_may_let_somebody_in_without_a_token_is_not_relied_on(name: str) -> None:
    """The middleware answers."""
    issuer = FakeIssuer()
    assert not asks_for_token(UNSURE[name], "GET")
    answer = asked(issuer, UNSURE[name])
    assert (answer.status_code, answer.json()["error"]) == (401, "missing_token")


def test_frameworks_that_are_not_in_use_are_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A view is then none of theirs."""
    for name in ("rest_framework.views", "ninja.operation"):
        monkeypatch.delitem(sys.modules, name)
    assert not asks_for_token(SURE["a permission of ours"], "GET")
    assert {"rest_framework.views", "ninja.operation"}.isdisjoint(sys.modules)


def test_drf_s_request_without_a_view_is_judged_too() -> None:
    """As code of one's own makes one."""
    issuer = FakeIssuer()
    with override_settings(JWKS_AUTH={**issuer.settings(), "ALLOW_FAKE_ISSUER": True}):
        request = Request(RequestFactory().get("/"), authenticators=[JWTAuthentication()])
        assert request.auth is None


def asked(issuer: FakeIssuer, view: Any) -> Any:
    """The answer to a request without a token."""
    given = {**issuer.settings(), "REQUIRED": True, "ALLOW_FAKE_ISSUER": True}
    with override_settings(JWKS_AUTH=given, ROOT_URLCONF=(path("", view),), MIDDLEWARE=site.WITH_MIDDLEWARE):
        return Client().get("/")


@pytest.mark.parametrize("at", ["/docs/../secret", "/docs/..\\secret", "/docs/./secret"])
def test_no_path_climbs_out_of_a_public_one(at: str) -> None:
    """A view of any path may read it as another, such as a file's."""
    issuer = FakeIssuer()
    given = {**issuer.settings(), "REQUIRED": True, "PUBLIC_PATHS": ["/docs"], "ALLOW_FAKE_ISSUER": True}
    urls = (re_path("", lambda request: HttpResponse("ok")),)
    with override_settings(JWKS_AUTH=given, ROOT_URLCONF=urls, MIDDLEWARE=site.WITH_MIDDLEWARE):
        request = Client().request
        assert request(PATH_INFO="/docs/..secret").status_code == 200
        assert request(PATH_INFO=at).status_code == 401


def test_operations_of_ninja_are_left_to_their_own_bearers() -> None:
    """By method; an operation without a bearer of ours is the middleware's."""
    issuer = FakeIssuer()
    api = NinjaAPI(urls_namespace="under-required")

    def ok(request: Any) -> str:
        return "ok"

    api.get("/guarded", auth=JWTBearer(scopes="a"))(ok)
    api.get("/either", auth=[JWTBearer(), lambda request: AnonymousUser()])(ok)
    api.post("/guarded")(ok)
    api.get("/bare")(ok)
    given = {**issuer.settings(), "REQUIRED": True, "ALLOW_FAKE_ISSUER": True}
    with override_settings(
        JWKS_AUTH=given, ROOT_URLCONF=(path("", api.urls),), MIDDLEWARE=site.WITH_MIDDLEWARE
    ):
        client = Client()
        assert client.get("/either").status_code == 200
        assert 'scope="a"' in client.get("/guarded")["WWW-Authenticate"]
        for method, at in (("POST", "/guarded"), ("GET", "/bare")):
            answer = client.generic(method, at)
            assert (at, answer.status_code, answer.json().get("error")) == (at, 401, "missing_token")
        assert client.get("/bare", headers=issuer.headers()).status_code == 200
