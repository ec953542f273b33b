"""LAZY: verified when something asks, with the same answers."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, SynchronousOnlyOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import Context, Engine
from django.test import AsyncClient, Client

from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from tests.django_site import settings as site

LOGIN = "django.contrib.auth.middleware.LoginRequiredMiddleware"
BAD = {"Authorization": "Bearer nonsense"}


def whoami(request: HttpRequest) -> JsonResponse:
    """Who it is."""
    return JsonResponse({"user": str(request.user), "token": bool(request.token)})


async def awhoami(request: HttpRequest) -> JsonResponse:
    """Who it is, asked in an async view."""
    return JsonResponse({"user": str(await request.auser())})


def blind(request: HttpRequest) -> HttpResponse:
    """Asks nothing."""
    return HttpResponse("fine")


def swallowing(request: HttpRequest) -> HttpResponse:
    """Takes a refusal for an answer."""
    try:
        return HttpResponse(str(request.user))
    except PermissionDenied:
        return HttpResponse("somebody")


def templated(request: HttpRequest) -> HttpResponse:
    """Asks in a template."""
    template = Engine().from_string("{% if user.is_authenticated %}in{% endif %}")
    return HttpResponse(template.render(Context({"user": request.user})))


VIEWS = {"/me": whoami, "/ame": awhoami, "/blind": blind, "/swallow": swallowing, "/template": templated}


@pytest.fixture(autouse=True)
def lazy(project: Any) -> None:
    """The views behind a lazy middleware."""
    project({**VIEWS, "/login": login_required(whoami), "/jwt": require_jwt(whoami)}, LAZY=True)


def test_a_good_token(issuer: FakeIssuer) -> None:
    """The user is there when asked for."""
    headers = issuer.headers(sub="u1")
    assert Client().get("/me", headers=headers).json() == {"user": "u1", "token": True}
    assert Client().get("/ame", headers=headers).json() == {"user": "u1"}
    assert Client().get("/template", headers=headers).content == b"in"
    assert Client().get("/login", headers=headers).status_code == 200
    assert Client().get("/jwt", headers=headers).status_code == 200


def test_nobody_asks_nobody_looks(issuer: FakeIssuer) -> None:
    """A view that does not ask costs no verification, whatever was sent."""
    with issuer.outage():
        assert Client().get("/blind", headers=issuer.headers()).status_code == 200
        assert Client().get("/me", headers=issuer.headers()).status_code == 503


@pytest.mark.parametrize("path", ["/me", "/ame", "/swallow", "/template", "/login", "/jwt"])
def test_a_bad_token_is_401_wherever_it_is_found(path: str) -> None:
    """In a view, a template or a decorator, and even when the view swallows it: never anonymous, never a 500."""
    response = Client().get(path, headers=BAD)
    assert response.status_code == 401
    assert 'error="invalid_token"' in response["WWW-Authenticate"]


def test_a_bad_token_found_by_another_middleware(project: Any) -> None:
    """As LoginRequiredMiddleware does, before the view."""
    project(VIEWS, LAZY=True, MIDDLEWARE=[*site.WITH_MIDDLEWARE, LOGIN])
    assert Client().get("/blind", headers=BAD).status_code == 401


@pytest.mark.parametrize("path", ["/me", "/ame"])
async def test_async_stack(issuer: FakeIssuer, path: str) -> None:
    """The same on the async handler."""
    response = await AsyncClient().get(path, headers=issuer.headers(sub="u1"))
    assert response.json()["user"] == "u1"
    assert (await AsyncClient().get(path, headers=BAD)).status_code == 401


async def test_auser_twice(project: Any, issuer: FakeIssuer) -> None:
    """Asking again verifies nothing again, and is refused again."""

    async def twice(request: HttpRequest) -> HttpResponse:
        for _ in range(2):
            try:
                await request.auser()
            except PermissionDenied:
                continue
        return HttpResponse()

    project({"/me": twice}, LAZY=True)
    assert (await AsyncClient().get("/me", headers=BAD)).status_code == 401
    assert (await AsyncClient().get("/me", headers=issuer.headers())).status_code == 200


async def test_request_user_in_an_async_view(project: Any, issuer: FakeIssuer) -> None:
    """It might wait for keys on the event loop, so Django's own error says what to write."""

    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(request.user))

    project({"/me": view}, LAZY=True)
    with pytest.raises(SynchronousOnlyOperation, match=r"await request.auser\(\)"):
        await AsyncClient().get("/me", headers=issuer.headers())


def test_without_a_bearer_the_session_stays(project: Any, database: None) -> None:
    """Another scheme is no token: the session's user, sync and async."""
    client = Client()
    client.force_login(User.objects.create(username="cookie"), "django.contrib.auth.backends.ModelBackend")
    for headers in ({}, {"Authorization": "Basic dXNlcjpwYXNz"}):
        assert client.get("/me", headers=headers).json() == {"user": "cookie", "token": False}
        assert client.get("/ame", headers=headers).json() == {"user": "cookie"}


def only_user(get_response: Any) -> Any:
    """A project's own middleware, from before there was ``auser()``."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.user = "somebody"
        return get_response(request)

    return middleware


def test_without_auser(project: Any) -> None:
    """What another middleware left out is made up for."""
    ours = "jwks_auth_django.middleware.JWTAuthenticationMiddleware"
    project(VIEWS, LAZY=True, MIDDLEWARE=[f"{__name__}.only_user", ours])
    response = Client().get("/ame", headers={"Authorization": "Basic dXNlcjpwYXNz"})
    assert response.json() == {"user": "somebody"}


def test_other_methods_do_not_wait(issuer: FakeIssuer) -> None:
    """CSRF is judged before the view: the token is verified at once, and waives it."""
    client = Client(enforce_csrf_checks=True)
    assert client.post("/me", headers=issuer.headers()).status_code == 200
    assert client.post("/blind", headers=BAD).status_code == 401
