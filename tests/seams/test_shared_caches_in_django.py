"""Django's own page cache between the sender of a token and everybody else, and answers of every kind of view."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.decorators import login_required
from django.core.checks import run_checks
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control, cache_page

from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.conf import MIDDLEWARE as OURS

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
PUBLIC = {"Cache-Control": "public, max-age=60, s-maxage=600"}
PRIVATE = "private, max-age=60"
View_ = Callable[..., Any]


def page(request: HttpRequest) -> HttpResponse:
    """Whose it is."""
    return HttpResponse(request.user.get_username() or "anonymous")


class Page(View):
    """The same, as a class."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Whose it is."""
        return page(request)


ASKED: list[int] = []


def counted(request: HttpRequest) -> HttpResponse:
    """A page for everybody, and how often it was made."""
    ASKED.append(1)
    return HttpResponse("for all")


def calling_itself() -> View_:
    """A view that encloses itself, as the audit of decorators may meet."""

    def view(request: HttpRequest, again: bool = True) -> HttpResponse:
        return view(request, False) if again else page(request)

    return view


CACHED: dict[str, View_] = {
    "cache_page(login_required)": cache_page(60)(login_required(page)),
    "cache_page(view)": cache_page(60)(page),
    "cache_page(require_jwt)": cache_page(60)(require_jwt(page)),
    "cache_page(require_jwt(public))": cache_page(60)(require_jwt(cache_control(public=True)(page))),
    "cache_page(require_jwt(optional))": cache_page(60)(require_jwt(optional=True)(page)),
    "cache_page(login_required(public))": cache_page(60)(login_required(cache_control(public=True)(page))),
    "login_required(cache_page)": login_required(cache_page(60)(page)),
    "cache_page(class)": method_decorator(cache_page(60), name="dispatch")(Page).as_view(),
}
SITE_WIDE: dict[str, View_] = {
    "login_required": login_required(page),
    "require_jwt": require_jwt(page),
    "public": login_required(cache_control(public=True)(page)),
    "optional": require_jwt(optional=True)(page),
}


def told(header: str, issuer: FakeIssuer, name: str | None) -> str:
    """What *name* is told at ``/page``; nobody: no token."""
    sent = {} if name is None else {header: issuer.headers(sub=name)["Authorization"]}
    answer = Client().get("/page", headers=sent)
    return answer.content.decode() if answer.status_code == 200 else str(answer.status_code)


def assert_nobody_sees_another_s(header: str, issuer: FakeIssuer) -> None:
    """Alice first, then the others; each twice, so that the second may come from the cache."""
    nobody = {told(header, issuer, None) for _ in range(2)}
    for name in ("alice", "alice", "bob", None, "alice"):
        seen = told(header, issuer, name)
        assert seen == name or (name is None and seen in nobody), (name, seen)


@pytest.fixture
def fresh() -> dict[str, Any]:
    """``CACHES`` with a locmem cache of this test's own."""
    backend = "django.core.cache.backends.locmem.LocMemCache"
    return {"default": {"BACKEND": backend, "LOCATION": str(uuid.uuid4())}}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("header", ["Authorization", "X-Token"])
@pytest.mark.parametrize("view", CACHED.values(), ids=CACHED)
def test_cache_page_hands_nobody_s_page_to_another(
    project: Any, issuer: FakeIssuer, fresh: Any, view: View_, header: str
) -> None:
    """Wherever ``cache_page`` stands, and whatever header the token is in; Alice comes first."""
    project(
        {"/page": view},
        CACHES=fresh,
        TOKEN_SOURCES=[f"header:{header}"],
        MIDDLEWARE=[SESSIONS, AUTHENTICATION, OURS],
    )
    first = [told(header, issuer, name) for name in ("alice", "bob")]
    assert first == ["alice", "bob"]
    assert told(header, issuer, None) not in ("alice", "bob")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("header", ["Authorization", "X-Token"])
@pytest.mark.parametrize("view", SITE_WIDE.values(), ids=SITE_WIDE)
@pytest.mark.parametrize("alice_first", [True, False])
def test_a_site_wide_cache_hands_nobody_s_page_to_another(
    project: Any, issuer: FakeIssuer, fresh: Any, view: View_, header: str, alice_first: bool
) -> None:
    """``UpdateCacheMiddleware`` around everything."""
    around = [UPDATE, SESSIONS, AUTHENTICATION, OURS, FETCH]
    project({"/page": view}, CACHES=fresh, TOKEN_SOURCES=[f"header:{header}"], MIDDLEWARE=around)
    names = ["alice", None, "bob"] if alice_first else [None, "bob", "alice", None]
    seen = [told(header, issuer, name) for name in names * 2]
    nobody = {each for each, name in zip(seen, names * 2, strict=True) if name is None}
    assert len(nobody) == 1
    assert not nobody & {"alice", "bob"}
    assert [each for each in seen if each not in nobody] == [name for name in names * 2 if name]


@pytest.mark.parametrize("header", ["Authorization", "X-Token"])
def test_what_nobody_in_particular_asks_for_is_cached(project: Any, fresh: Any, header: str) -> None:
    """The control: without a token, the page is made once."""
    project(
        {"/page": cache_page(60)(counted)},
        CACHES=fresh,
        TOKEN_SOURCES=[f"header:{header}"],
        MIDDLEWARE=[OURS],
    )
    ASKED.clear()
    assert {Client().get("/page").content for _ in range(3)} == {b"for all"}
    assert len(ASKED) == 1


@pytest.mark.parametrize("header", ["Authorization", "X-Token"])
def test_no_page_for_a_token_is_stored(project: Any, issuer: FakeIssuer, fresh: Any, header: str) -> None:
    """Not even for its sender: nobody would ask then if the token is still good."""
    project(
        {"/page": cache_page(60)(counted)},
        CACHES=fresh,
        TOKEN_SOURCES=[f"header:{header}"],
        MIDDLEWARE=[OURS],
    )
    ASKED.clear()
    for name in ("alice", "alice", "bob"):
        assert told(header, issuer, name) == "for all"
    assert len(ASKED) == 3


@pytest.mark.parametrize(
    ("header", "views", "middleware", "told_of"),
    [
        ("X-Token", {"/page": cache_page(60)(page)}, [OURS], ["cache_page around the view at /page"]),
        ("X-Token", {"/page": CACHED["login_required(cache_page)"]}, [OURS], ["view at /page"]),
        ("X-Token", {"/page": CACHED["cache_page(class)"]}, [OURS], ["view at /page"]),
        ("X-Token", {"/page": page}, [UPDATE, OURS, FETCH], ["UpdateCacheMiddleware"]),
        ("X-Token", {"/page": functools.partial(cache_page(60)(page))}, [OURS], ["view at /page"]),
        ("X-Token", {"/page": login_required(page)}, [OURS], []),
        ("X-Token", {"/page": calling_itself()}, [OURS], []),
        ("Authorization", {"/page": cache_page(60)(page)}, [UPDATE, OURS, FETCH], []),
        ("authorization", {"/page": cache_page(60)(page)}, [OURS], []),
    ],
)
def test_the_check_warns_of_a_cache_that_does_not_know_the_header(
    project: Any, header: str, views: dict[str, View_], middleware: list[str], told_of: list[str]
) -> None:
    """``jwks_auth_django.W010``, for each place; not where the token is in ``Authorization``."""
    project(views, TOKEN_SOURCES=[f"header:{header}"], MIDDLEWARE=middleware)
    found = [str(each.msg) for each in run_checks() if each.id == "jwks_auth_django.W010"]
    assert len(found) == len(told_of)
    assert all(place in message for place, message in zip(told_of, found, strict=True))
