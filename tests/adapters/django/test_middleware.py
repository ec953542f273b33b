"""The middleware: who sends a request, for everything in Django that asks."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView

from jwks_auth import Policy
from jwks_auth.testing import FakeIssuer
from tests.django_site import settings as site
from tests.django_site.asgi_client import call

OURS = "jwks_auth_django.middleware.JWTAuthenticationMiddleware"
LOGIN = "django.contrib.auth.middleware.LoginRequiredMiddleware"


def whoami(request: HttpRequest) -> JsonResponse:
    """Who Django says it is."""
    return JsonResponse({"user": str(request.user), "token": request.token and request.token.subject})


async def awhoami(request: HttpRequest) -> JsonResponse:
    """Who Django says it is, asked in an async view."""
    return JsonResponse(
        {"user": str(await request.auser()), "token": request.token and request.token.subject}
    )


def test_user_auser_and_token_are_the_tokens(project: Any, issuer: FakeIssuer) -> None:
    """request.user, request.auser() and request.token agree, in sync and async views."""
    project({"/sync": whoami, "/async": awhoami})
    for path in ("/sync", "/async"):
        response = Client().get(path, headers=issuer.headers(sub="u1"))
        assert response.json() == {"user": "u1", "token": "u1"}


async def test_async_stack(project: Any, issuer: FakeIssuer) -> None:
    """The same on the async handler, for sync and async views."""
    project({"/sync": whoami, "/async": awhoami})
    for path in ("/sync", "/async"):
        response = await AsyncClient().get(path, headers=issuer.headers(sub="u1"))
        assert response.json() == {"user": "u1", "token": "u1"}


@pytest.mark.parametrize("is_async", [False, True])
def test_no_adapter_thread(project: Any, is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Django adapts the middleware for neither kind of stack: no thread hop on its account."""
    project({"/me": whoami}, DEBUG=True, MIDDLEWARE=[OURS])
    with caplog.at_level(logging.DEBUG, "django.request"):
        BaseHandler().load_middleware(is_async=is_async)
    assert not [record for record in caplog.records if "adapted" in record.message]


async def test_async_views_stay_on_the_loop(project: Any, issuer: FakeIssuer) -> None:
    """Middleware, guard and view run in the event loop's own thread, from header to response."""
    import threading

    seen: list[int] = []

    async def view(request: HttpRequest) -> HttpResponse:
        seen.append(threading.get_ident())
        return HttpResponse()

    project({"/me": view}, MIDDLEWARE=[OURS])
    headers = list(issuer.headers().items())
    before = threading.active_count()
    assert (await call(ASGIHandler(), "GET", "/me", headers)).status == 200
    assert seen == [threading.get_ident()]
    assert threading.active_count() <= before + 1  # ASGIHandler's own, for signals


def test_login_required(project: Any, issuer: FakeIssuer) -> None:
    """login_required lets a token in, sync and async, and redirects where there is none."""
    project({"/sync": login_required(whoami), "/async": login_required(awhoami)})
    for path in ("/sync", "/async"):
        assert Client().get(path, headers=issuer.headers()).status_code == 200
        assert Client().get(path).status_code == 302


def test_permission_required(project: Any, issuer: FakeIssuer) -> None:
    """permission_required asks the token's permissions, without a database."""
    guard = permission_required("orders.view_order", raise_exception=True)
    project({"/sync": guard(whoami), "/async": guard(awhoami)})
    for path in ("/sync", "/async"):
        allowed = issuer.headers(permissions=["orders.view_order"])
        assert Client().get(path, headers=allowed).status_code == 200
        assert Client().get(path, headers=issuer.headers()).status_code == 403


def test_login_required_middleware(project: Any, issuer: FakeIssuer) -> None:
    """LoginRequiredMiddleware lets a token in and redirects where there is none."""
    project({"/me": whoami}, MIDDLEWARE=[*site.WITH_MIDDLEWARE, LOGIN])
    assert Client().get("/me", headers=issuer.headers()).status_code == 200
    assert Client().get("/me").status_code == 302


def test_generic_views_and_templates(project: Any, issuer: FakeIssuer) -> None:
    """A generic view finds the user where templates look for it."""

    class Page(TemplateView):
        def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
            user = self.request.user
            return HttpResponse(f"{user.get_username()} {user.is_authenticated} {user.get_full_name()}")

    project({"/page": Page.as_view()})
    response = Client().get("/page", headers=issuer.headers(sub="u1", name="Ada Lovelace"))
    assert response.content == b"u1 True Ada Lovelace"


def test_bearer_beats_session(project: Any, issuer: FakeIssuer, database: None) -> None:
    """With both, the token decides; without a token, the session does."""
    project({"/me": whoami})
    client = Client()
    client.force_login(User.objects.create(username="cookie"), "django.contrib.auth.backends.ModelBackend")
    assert client.get("/me").json() == {"user": "cookie", "token": None}
    assert client.get("/me", headers=issuer.headers(sub="u1")).json() == {"user": "u1", "token": "u1"}
    assert client.get("/me").json()["user"] == "cookie", "the session is left alone"


def test_a_bad_bearer_is_refused_before_the_view_and_despite_the_session(
    project: Any, issuer: FakeIssuer, database: None
) -> None:
    """A bad token is never anonymous, and never the session's user."""
    entered: list[str] = []
    project({"/public": lambda request: entered.append(request.path) or HttpResponse()})
    client = Client()
    client.force_login(User.objects.create(username="cookie"), "django.contrib.auth.backends.ModelBackend")
    response = client.get("/public", headers={"Authorization": "Bearer nonsense"})
    assert (response.status_code, entered) == (401, [])
    assert client.get("/nowhere", headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_no_session_nor_authentication_middleware(project: Any, issuer: FakeIssuer) -> None:
    """An API without sessions needs our middleware only; without a token its users are anonymous."""
    project({"/sync": whoami, "/async": awhoami}, MIDDLEWARE=[OURS])
    for path in ("/sync", "/async"):
        assert Client().get(path).json() == {"user": "AnonymousUser", "token": None}
        assert Client().get(path, headers=issuer.headers(sub="u1")).json()["user"] == "u1"


def test_before_authentication_middleware(project: Any, issuer: FakeIssuer) -> None:
    """Listed too early it still signs in, as AuthenticationMiddleware looks for a user found before."""
    project({"/me": whoami}, MIDDLEWARE=[OURS, *site.WITHOUT_MIDDLEWARE])
    assert Client().get("/me", headers=issuer.headers(sub="u1")).json()["user"] == "u1"


@pytest.mark.parametrize("sent", [True, False])
def test_vary(project: Any, issuer: FakeIssuer, sent: bool) -> None:
    """Caches are told that answers depend on the header, whether it was sent or not."""
    project({"/me": whoami}, MIDDLEWARE=[OURS])
    assert Client().get("/me", headers=issuer.headers() if sent else {})["Vary"] == "Authorization"
    assert Client().get("/me", headers={"Authorization": "Bearer x"})["Vary"] == "Authorization"


def test_vary_keeps_what_others_said(project: Any, issuer: FakeIssuer) -> None:
    """A Vary header of the view's is added to."""
    project({"/me": lambda request: HttpResponse(headers={"Vary": "Accept"})}, MIDDLEWARE=[OURS])
    assert Client().get("/me", headers=issuer.headers())["Vary"] == "Accept, Authorization"


def test_csrf_is_waived_by_a_good_token_only(project: Any, issuer: FakeIssuer) -> None:
    """A verified header token needs no CSRF token; neither nothing nor another scheme replaces it."""
    project({"/me": whoami})
    client = Client(enforce_csrf_checks=True)
    assert client.post("/me", headers=issuer.headers()).status_code == 200
    assert client.post("/me").status_code == 403
    assert client.post("/me", headers={"Authorization": "Basic dXNlcjpwYXNz"}).status_code == 403
    assert client.post("/me", headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_csrf_middleware_may_come_later(project: Any, issuer: FakeIssuer) -> None:
    """The order of the two does not matter."""
    csrf = "django.middleware.csrf.CsrfViewMiddleware"
    project({"/me": whoami}, MIDDLEWARE=[OURS, csrf])
    client = Client(enforce_csrf_checks=True)
    assert client.post("/me", headers=issuer.headers()).status_code == 200
    assert client.post("/me").status_code == 403


def test_key_outage_is_503(project: Any, issuer: FakeIssuer) -> None:
    """Without keys, and the issuer down, the token is not to blame: 503 and Retry-After."""
    project({"/me": whoami})
    with issuer.outage():
        response = Client().get("/me", headers=issuer.headers())
    assert (response.status_code, int(response["Retry-After"]) >= 1) == (503, True)
    assert "WWW-Authenticate" not in response


async def test_key_outage_is_503_on_asgi(project: Any, issuer: FakeIssuer) -> None:
    """The same in an async stack."""
    project({"/me": awhoami})
    with issuer.outage():
        assert (await AsyncClient().get("/me", headers=issuer.headers())).status_code == 503


def test_another_header(project: Any, issuer: FakeIssuer) -> None:
    """``TOKEN_SOURCES`` names it, and ``Vary`` says so."""
    project({"/me": whoami}, TOKEN_SOURCES=["header:X-Api-Authorization"])
    token = issuer.headers(sub="u1")["Authorization"]
    response = Client().get("/me", headers={"X-Api-Authorization": token})
    assert (response.json()["user"], response["Vary"]) == ("u1", "X-Api-Authorization")
    assert Client().get("/me", headers={"Authorization": "Bearer nonsense"}).json()["token"] is None


def test_exempt_paths(project: Any, issuer: FakeIssuer) -> None:
    """Paths that begin so are left alone, bad token or good."""
    project({"/health/live": whoami, "/me": whoami}, EXEMPT_PATHS=["/health/"])
    bad = {"Authorization": "Bearer nonsense"}
    assert Client().get("/health/live", headers=bad).json() == {"user": "AnonymousUser", "token": None}
    assert Client().get("/me", headers=bad).status_code == 401


def test_a_view_may_raise_the_cores_errors(project: Any, issuer: FakeIssuer) -> None:
    """A policy checked in a view answers 403 with its challenge."""

    def view(request: HttpRequest) -> HttpResponse:
        Policy(scopes="orders:write").check(request.token)
        return HttpResponse()

    async def aview(request: HttpRequest) -> HttpResponse:
        return view(request)

    project({"/sync": view, "/async": aview})
    for path in ("/sync", "/async"):
        response = Client().get(path, headers=issuer.headers())
        assert response.status_code == 403
        assert 'scope="orders:write"' in response["WWW-Authenticate"]
        assert Client().get(path, headers=issuer.headers(scope="orders:write")).status_code == 200


def test_other_errors_are_djangos(project: Any, issuer: FakeIssuer) -> None:
    """What is not ours is left to Django."""

    def view(request: HttpRequest) -> HttpResponse:
        raise LookupError("a bug")

    project({"/me": view})
    with pytest.raises(LookupError):
        Client().get("/me", headers=issuer.headers())


def test_a_project_may_exempt_views_from_csrf(project: Any) -> None:
    """csrf_exempt means what it always does."""
    project({"/hook": csrf_exempt(whoami)})
    assert Client(enforce_csrf_checks=True).post("/hook").status_code == 200
