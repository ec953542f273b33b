"""Nothing stands where Django views ask whether there is a token: ``request.token`` is a verified one, or ``None``."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from ninja import NinjaAPI
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from jwks_auth import ConfigurationError, VerifiedToken
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.ninja import AsyncJWTBearer, JWTBearer
from jwks_auth_django.rest_framework import JWTAuthentication
from tests.django_site import settings as site


def asked(request: Any) -> str:
    """What documents tell a view to ask; a proxy would be neither."""
    if request.token is None:
        return "nobody"
    return "somebody" if type(request.token) is VerifiedToken else "a stand-in"


def view(request: HttpRequest) -> HttpResponse:
    """Asks in a function."""
    return HttpResponse(asked(request))


async def aview(request: HttpRequest) -> HttpResponse:
    """Asks on an event loop."""
    return HttpResponse(asked(request))


class InDRF(APIView):
    """Asks in DRF, of its own request and of Django's."""

    authentication_classes = [JWTAuthentication]
    permission_classes = [AllowAny]

    def get(self, request: Any) -> HttpResponse:
        """Who asks."""
        assert request.auth is request.token is request._request.token
        return HttpResponse(Response(asked(request)).data)


def ninja_urls() -> Any:
    """Ninja's views, sync and async, that anybody may enter."""
    api = NinjaAPI(urls_namespace="lazy", docs_url=None)

    def anybody(request: HttpRequest) -> str:
        return "anybody"

    def ninja_view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(asked(request))

    async def ninja_aview(request: HttpRequest) -> HttpResponse:
        return HttpResponse(asked(request))

    api.get("/sync", auth=[JWTBearer(), anybody])(ninja_view)
    api.get("/async", auth=[AsyncJWTBearer(), anybody])(ninja_aview)
    return api.urls


def expired(issuer: FakeIssuer) -> str:
    """A token of last year."""
    return issuer.token(exp=1_600_000_000, iat=1_599_999_000)


def unsigned(issuer: FakeIssuer) -> str:
    """``alg: none``, with the claims of a good token."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    return f"{header}.{issuer.token().split('.')[1]}."


def garbage(issuer: FakeIssuer) -> str:
    """No token at all."""
    return "nonsense"


ROUTES = ["/view", "/aview", "/optional", "/aoptional", "/drf", "/ninja/sync", "/ninja/async"]
GUARDED = ROUTES[2:]


def serve(project: Any, stack: list[str]) -> None:
    """Views that anybody may enter."""
    optional = require_jwt(optional=True)
    views = {"/view": view, "/aview": aview, "/optional": optional(view), "/aoptional": optional(aview)}
    project({**views, "/drf": InDRF.as_view(), "/ninja/": ninja_urls()}, MIDDLEWARE=stack)


WHERE = [(site.WITH_MIDDLEWARE, ROUTES), (site.WITHOUT_MIDDLEWARE, GUARDED)]


@pytest.mark.parametrize(("stack", "routes"), WHERE, ids=["middleware", "guards"])
@pytest.mark.parametrize("bad", [expired, unsigned, garbage])
async def test_a_bad_token_never_answers_is_there_a_token(
    project: Any, issuer: FakeIssuer, stack: list[str], routes: list[str], bad: Any
) -> None:
    """Expired, unsigned or garbage, it is 401 before any view can ask, sync and async, in every kind of view."""
    serve(project, stack)
    headers = {"Authorization": f"Bearer {bad(issuer)}"}
    for route in routes:
        assert (await AsyncClient().get(route, headers=headers)).status_code == 401


@pytest.mark.parametrize(("stack", "routes"), WHERE, ids=["middleware", "guards"])
def test_a_bad_token_in_a_sync_stack(
    project: Any, issuer: FakeIssuer, stack: list[str], routes: list[str]
) -> None:
    """The same where WSGI serves."""
    serve(project, stack)
    for bad in (expired, unsigned, garbage):
        for route in routes:
            assert Client().get(route, headers={"Authorization": f"Bearer {bad(issuer)}"}).status_code == 401


@pytest.mark.parametrize(("stack", "routes"), WHERE, ids=["middleware", "guards"])
async def test_a_good_token_and_none_are_what_they_are(
    project: Any, issuer: FakeIssuer, stack: list[str], routes: list[str]
) -> None:
    """The control: a real ``VerifiedToken``, and a real ``None`` without one or with another scheme."""
    serve(project, stack)
    for route in routes:
        assert (await AsyncClient().get(route, headers=issuer.headers())).content == b"somebody"
        assert (await AsyncClient().get(route)).content == b"nobody"
        basic = {"Authorization": "Basic dXNlcjpwYXNz"}
        assert (await AsyncClient().get(route, headers=basic)).content == b"nobody"


@pytest.mark.parametrize("value", [True, False, "true", 0])
def test_lazy_is_refused_with_the_reason(project: Any, value: Any) -> None:
    """A project that still sets it does not start to serve; ``None`` counts as not given."""
    project({"/view": view}, LAZY=value)
    with pytest.raises(ConfigurationError, match=r'JWKS_AUTH\["LAZY"\]: .*nobody had verified') as refused:
        Client().get("/view")
    assert isinstance(refused.value, ImproperlyConfigured)
    project({"/view": view}, LAZY=None)
    assert Client().get("/view").content == b"nobody"
