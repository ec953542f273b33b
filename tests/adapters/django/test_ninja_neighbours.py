"""Ninja beside Django's ``LoginRequiredMiddleware``."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpRequest
from django.test import Client
from ninja import NinjaAPI, Router

from jwks_auth import ConfigurationError
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.ninja import JWTBearer, leave_alone
from tests.django_site import settings as site

LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
BAD = {"Authorization": "Bearer nonsense"}


def view(request: HttpRequest) -> dict[str, Any]:
    """Answer."""
    return {"user": str(getattr(request, "user", None))}


async def async_view(request: HttpRequest) -> dict[str, Any]:
    """Answer later."""
    return {"user": str(await request.auser())}


@pytest.fixture
def api() -> NinjaAPI:
    """An API with nothing in it."""
    return NinjaAPI(urls_namespace="neighbours")


def routes() -> dict[str, str]:
    """What ``manage.py jwks routes`` says of each path."""
    told = StringIO()
    call_command("jwks", "routes", stdout=told)
    return {line.split()[0]: line for line in told.getvalue().splitlines() if line.startswith("/")}


@pytest.mark.parametrize(
    "stack", [site.WITHOUT_MIDDLEWARE, site.WITH_MIDDLEWARE], ids=["alone", "behind ours"]
)
def test_login_required_redirects_an_api(
    project: Any, issuer: FakeIssuer, api: NinjaAPI, stack: list[str]
) -> None:
    """The control: without a token it is 302 where 401 is due, also for ``auth=None``; ``jwks routes`` says so."""
    api.get("/me", auth=JWTBearer())(view)
    api.get("/public", auth=None)(view)
    project({"/": api.urls}, MIDDLEWARE=[*stack, LOGIN_REQUIRED])
    assert [Client().get(path).status_code for path in ("/me", "/public")] == [302, 302]
    told = routes()
    assert "LoginRequiredMiddleware and JWTBearer" in told["/me"]
    assert "LoginRequiredMiddleware" in told["/public"]


@pytest.mark.parametrize(
    "stack", [site.WITHOUT_MIDDLEWARE, site.WITH_MIDDLEWARE], ids=["alone", "behind ours"]
)
@pytest.mark.parametrize("function", [view, async_view])
def test_left_alone_an_api_answers_by_itself(
    project: Any, issuer: FakeIssuer, api: NinjaAPI, stack: list[str], function: Any
) -> None:
    """401 and its challenge, and what is open is open; ``jwks routes`` says so."""
    api.get("/me", auth=JWTBearer())(function)
    api.get("/public", auth=None)(function)
    leave_alone(api)
    project({"/": leave_alone(api).urls}, MIDDLEWARE=[*stack, LOGIN_REQUIRED])
    refused = Client().get("/me")
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    assert Client().get("/me", headers=BAD).status_code == 401
    assert Client().get("/me", headers=issuer.headers(sub="u1")).json() == {"user": "u1"}
    assert Client().get("/public").status_code == 200
    told = routes()
    assert "LoginRequiredMiddleware" not in told["/me"]
    assert "JWTBearer" in told["/me"]
    assert "UNPROTECTED" in told["/public"]
    with pytest.raises(CommandError):
        call_command("jwks", "routes", "--fail-unprotected", stdout=StringIO())


def test_only_an_api_can_be_left_alone(api: NinjaAPI) -> None:
    """Its URLs, or a router, are a mistake that says so at once."""
    wrong: list[Any] = [None, api.urls, Router()]
    for each in wrong:
        with pytest.raises(ConfigurationError, match="expected a NinjaAPI"):
            leave_alone(each)


def test_the_pages_about_an_api_still_ask_for_a_login(project: Any, api: NinjaAPI) -> None:
    """They are for people; an API of a class of the project's own is one as before."""

    class Own(NinjaAPI):
        """A project's own class."""

    own = leave_alone(Own(urls_namespace="own"))
    own.get("/public")(view)
    project({"/": own.urls}, MIDDLEWARE=[*site.WITHOUT_MIDDLEWARE, LOGIN_REQUIRED])
    assert Client().get("/docs").status_code == 302
    assert Client().get("/public").status_code == 200
    assert isinstance(own, Own)
    assert type(own).__name__ == "Own"
