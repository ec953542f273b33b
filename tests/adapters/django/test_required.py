"""JWKS_AUTH["REQUIRED"]: a token for every view that is not open on purpose."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest
from django.contrib.auth.decorators import login_not_required
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from ninja import NinjaAPI
from rest_framework.decorators import api_view
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from jwks_auth import ConfigurationError
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import RequireJWTMixin, public, require_jwt
from jwks_auth_django.conf import configuration
from jwks_auth_django.routes import rows
from tests.django_site import settings as site
from tests.django_site.asgi_client import call

LOGIN = "django.contrib.auth.middleware.LoginRequiredMiddleware"


def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Say who asks."""
    return HttpResponse(getattr(request.token, "subject", "nobody"))


def view() -> Any:
    """A view of its own, as a mark stays on a function."""

    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return page(request)

    return shown


async def apage(request: HttpRequest) -> HttpResponse:
    """Say who asks, on a loop."""
    return page(request)


@public
async def aopen(request: HttpRequest) -> HttpResponse:
    """Say so to anybody."""
    return page(request)


def logged(inner: Any) -> Any:
    """A decorator of a project's own."""

    @functools.wraps(inner)
    def around(request: HttpRequest) -> Any:
        return inner(request)

    return around


class Closed(View):
    """Nothing is said of it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Read."""
        return page(request)

    post = get


@public
class Opened(Closed):
    """Open as a class."""


class Heir(Opened):
    """Open no more."""


@method_decorator(public, name="dispatch")
class Decorated(Closed):
    """Open as Django's own decorators of classes are written."""


class Half(View):
    """Open for reading."""

    @public
    def get(self, request: HttpRequest) -> HttpResponse:
        """Read."""
        return page(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Write."""
        return page(request)


class Optional(RequireJWTMixin, Closed):
    """With a guard that lets anybody in."""

    jwt = {"optional": True}


class Things(ViewSet):
    """DRF, open for one action."""

    permission_classes = [AllowAny]

    @public
    def list(self, request: Any) -> HttpResponse:
        """Read."""
        return HttpResponse("list")

    def create(self, request: Any) -> HttpResponse:
        """Write."""
        return HttpResponse("create")


class AnyView(APIView):
    """DRF, for anybody that the middleware lets through."""

    permission_classes = [AllowAny]

    def get(self, request: Any) -> HttpResponse:
        """Read."""
        return HttpResponse("any")


@api_view(["GET"])
@public
def api_page(request: Any) -> HttpResponse:
    """DRF's functions are handlers of classes."""
    return HttpResponse("api")


def ninja() -> NinjaAPI:
    """An open operation beside a closed one, at one path."""
    api = NinjaAPI(urls_namespace="required", docs_url=None, openapi_url="schema")

    @api.get("/things")
    @public
    def things(request: HttpRequest) -> str:
        return "things"

    @api.post("/things")
    def make(request: HttpRequest) -> str:
        return "made"

    return api


def views() -> dict[str, Any]:
    """Views by path."""
    return {
        "/closed": view(),
        "/open": public(view()),
        "/open-inside": never_cache(public(view())),
        "/open-within-own": logged(public(view())),
        "/aclosed": apage,
        "/aopen": aopen,
        "/optional": require_jwt(optional=True)(view()),
        "/optional-within-own": logged(require_jwt(optional=True)(view())),
        "/optional-class": Optional.as_view(),
        "/optional-dispatch": method_decorator(require_jwt(optional=True), name="dispatch")(
            type("Also", (Closed,), {})
        ).as_view(),
        "/guarded": require_jwt(scopes="a")(view()),
        "/class": Closed.as_view(),
        "/open-class": Opened.as_view(),
        "/heir": Heir.as_view(),
        "/decorated": Decorated.as_view(),
        "/half": Half.as_view(),
        "/things": Things.as_view({"get": "list", "post": "create"}),
        "/any": AnyView.as_view(),
        "/api": api_page,
        "/login": login_not_required(view()),
        "/news": view(),
        "/news/7": view(),
        "/newsroom": view(),
        "/health": view(),
    }


RULES: dict[str, Any] = {
    "REQUIRED": True,
    "PUBLIC_PATHS": ["/news"],
    "EXEMPT_PATHS": ["/health"],
}
STATUS = {
    ("GET", "/closed"): 401,
    ("POST", "/closed"): 401,
    ("GET", "/open"): 200,
    ("HEAD", "/open"): 200,
    ("POST", "/open"): 403,  # a form's token is still asked for
    ("GET", "/open-inside"): 200,
    ("GET", "/open-within-own"): 200,
    ("GET", "/aclosed"): 401,
    ("GET", "/aopen"): 200,
    ("GET", "/optional"): 200,
    ("GET", "/optional-within-own"): 200,
    ("GET", "/optional-class"): 200,
    ("GET", "/optional-dispatch"): 200,
    ("GET", "/guarded"): 401,
    ("GET", "/class"): 401,
    ("GET", "/open-class"): 200,
    ("POST", "/open-class"): 403,
    ("GET", "/heir"): 401,
    ("GET", "/decorated"): 200,
    ("GET", "/half"): 200,
    ("HEAD", "/half"): 200,
    ("POST", "/half"): 401,
    ("PUT", "/half"): 401,  # it has no such handler to be marked
    ("GET", "/things"): 200,
    ("POST", "/things"): 401,
    ("GET", "/any"): 401,
    ("GET", "/api"): 200,
    ("GET", "/login"): 401,
    ("GET", "/news"): 200,
    ("GET", "/news/7"): 200,
    ("GET", "/newsroom"): 401,
    ("GET", "/health"): 200,
    ("GET", "/nowhere"): 404,
}


def asked(server: str, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Status and challenge, of a server with CSRF protection."""
    sent = list((headers or {}).items())
    if server == "ASGI":
        answer = asyncio.run(call(ASGIHandler(), method, path, sent))
        return answer.status, dict(answer.headers).get("WWW-Authenticate", "")
    response = Client(enforce_csrf_checks=True).generic(method, path, headers=headers)
    return response.status_code, response.headers.get("WWW-Authenticate", "")


@pytest.mark.parametrize("server", ["WSGI", "ASGI"])
def test_a_request_without_a_token(project: Any, server: str) -> None:
    """It gets only what is open on purpose; elsewhere it is told to send a token, whatever else it lacks."""
    project(views(), MIDDLEWARE=site.WITH_MIDDLEWARE, **RULES)
    answers = {key: asked(server, *key) for key in STATUS}
    assert {key: status for key, (status, _) in answers.items()} == STATUS
    assert all(challenge.startswith("Bearer ") for status, challenge in answers.values() if status == 401)


@pytest.mark.parametrize("server", ["WSGI", "ASGI"])
def test_a_request_with_a_token(project: Any, issuer: FakeIssuer, server: str) -> None:
    """A good one opens each view, and a bad one none but those that are exempt."""
    project(views(), MIDDLEWARE=site.WITH_MIDDLEWARE, **RULES)
    good, bad = issuer.headers(scope="a"), issuer.headers(expires_in=-900)
    paths = {path for _, path in STATUS if path not in ("/nowhere",)}
    assert {asked(server, "GET", path, good)[0] for path in paths} == {200}
    refused = {path for path in paths if asked(server, "GET", path, bad)[0] == 401}
    assert paths - refused == {"/health"}


@pytest.mark.parametrize("server", ["WSGI", "ASGI"])
def test_operations_of_ninja(project: Any, server: str) -> None:
    """One that is marked is open, beside another at its path and beside the pages about the API."""
    from django.urls import path

    urls = (path("ninja/", ninja().urls),)
    project(MIDDLEWARE=site.WITH_MIDDLEWARE, **RULES)
    with override_settings(ROOT_URLCONF=urls):
        assert asked(server, "GET", "/ninja/things")[0] == 200
        assert asked(server, "POST", "/ninja/things")[0] == 401
        assert asked(server, "GET", "/ninja/schema")[0] == 401


@pytest.mark.parametrize("server", ["WSGI", "ASGI"])
def test_a_sign_in_page_is_not_the_answer(project: Any, server: str) -> None:
    """Where Django's own denial by default would redirect, the missing token is told."""
    project(views(), MIDDLEWARE=[*site.WITHOUT_MIDDLEWARE, LOGIN, site.WITH_MIDDLEWARE[-1]], **RULES)
    assert asked(server, "GET", "/closed")[0] == 401
    assert asked(server, "GET", "/nowhere")[0] == 404


def test_a_mark_that_was_copied_opens_nothing(project: Any) -> None:
    """A function that bears the mark of another, and does not call it, stays closed."""
    opened, guarded = public(view()), require_jwt(optional=True)(view())
    copied: dict[str, Any] = {}
    for name, original in {"/mark": opened, "/guard": guarded}.items():
        copied[name] = view()
        copied[name].__dict__.update(original.__dict__)

    def chosen(one: Any, other: Any) -> Any:
        return lambda request: (one if request.GET else other)(request)

    copied["/one-of-two"] = chosen(opened, view())
    project(copied, MIDDLEWARE=site.WITH_MIDDLEWARE, **RULES)
    assert {path: asked("WSGI", "GET", path)[0] for path in copied} == dict.fromkeys(copied, 401)


def test_only_views_are_marked() -> None:
    """A mistake is told where it is written."""
    with pytest.raises(ConfigurationError, match="@public marks a view"):
        public("/news")


def test_it_is_not_switched_on_too_late(project: Any) -> None:
    """A client whose middleware was made without it fails, and lets nobody in."""
    project({"/closed": view()}, MIDDLEWARE=site.WITH_MIDDLEWARE)
    client = Client()
    assert client.get("/closed").status_code == 200
    project({"/closed": view()}, MIDDLEWARE=site.WITH_MIDDLEWARE, REQUIRED=True)
    with pytest.raises(ImproperlyConfigured, match="make a new client"):
        client.get("/closed")


def test_the_table_of_routes_tells_it(project: Any) -> None:
    """What is required, what is marked, and what is named."""
    project(views(), MIDDLEWARE=site.WITH_MIDDLEWARE, **RULES)
    guards = {row.path: row.guard for row in rows() if row.doubt is None}
    assert guards["/closed"] == guards["/login"] == guards["/heir"] == guards["/newsroom"] == "REQUIRED"
    assert guards["/open"] == guards["/open-class"] == guards["/api"] == "public: @public"
    assert guards["/news"] == guards["/news/7"] == "public: PUBLIC_PATHS"
    assert guards["/optional"] == "require_jwt: token or none"
    assert guards["/health"] is None
    assert {row.path for row in rows() if row.doubt} == {"/optional-within-own"}


def test_the_table_without_it(project: Any) -> None:
    """Marks and paths are an ignore list there too."""
    project(views(), MIDDLEWARE=site.WITH_MIDDLEWARE, PUBLIC_PATHS=["/news"])
    guards = {row.path: row.guard for row in rows()}
    assert guards["/closed"] is None
    assert guards["/open"] == "public: @public"
    assert guards["/news"] == "public: PUBLIC_PATHS"
    project(views(), MIDDLEWARE=site.WITH_MIDDLEWARE, LEEWAY="soon")
    assert {row.path: row.guard for row in rows()}["/open"] == "public: @public"


@pytest.mark.parametrize("asked", [True, "yes", "soon"])
def test_it_needs_the_middleware(project: Any, asked: Any) -> None:
    """Nobody else would ask; ``manage.py check`` says so."""
    project(MIDDLEWARE=site.WITHOUT_MIDDLEWARE, REQUIRED=asked)
    assert "jwks_auth_django.E020" in {message.id for message in run_checks()}
    project(MIDDLEWARE=site.WITHOUT_MIDDLEWARE, REQUIRED=False)
    assert "jwks_auth_django.E020" not in {message.id for message in run_checks()}


def test_every_path_may_not_be_public(project: Any) -> None:
    """That would undo it."""
    project(REQUIRED=True, PUBLIC_PATHS=["/"])
    with pytest.raises(ImproperlyConfigured, match="PUBLIC_PATHS"):
        configuration()
