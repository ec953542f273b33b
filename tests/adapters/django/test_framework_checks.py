"""``manage.py check`` of what stands around DRF's and Ninja's authentication; and projects that have one alone."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.http import HttpRequest
from ninja import NinjaAPI
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.views import APIView

from jwks_auth_django.checks import check_frameworks, check_installation
from jwks_auth_django.conf import BACKEND
from jwks_auth_django.ninja import JWTBearer, leave_alone
from jwks_auth_django.rest_framework import JWTAuthentication
from tests.django_site import settings as site

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


class Own(JWTAuthentication):
    """A project's own audience."""

    audience = "api"


class Later(SessionAuthentication):
    """A project's own class."""


def view_of(*classes: Any) -> Any:
    """A view with these authentication classes."""
    return type("Some", (APIView,), {"authentication_classes": list(classes)}).as_view()


def found(check: Any = check_frameworks) -> list[tuple[str, str]]:
    """Ids without the app's label, and messages; each has a hint."""
    told = check()
    assert all(each.hint for each in told)
    return [(str(each.id).rpartition(".")[2], each.msg) for each in told]


@pytest.mark.parametrize(
    ("classes", "warned"),
    [
        ([JWTAuthentication], False),
        ([JWTAuthentication, SessionAuthentication], False),
        ([Own, JWTAuthentication], False),
        ([SessionAuthentication], False),
        ([], False),
        ([SessionAuthentication, JWTAuthentication], True),
        ([BasicAuthentication, Own], True),
        ([Later, BasicAuthentication, JWTAuthentication], True),
    ],
    ids=lambda value: "-".join(each.__name__ for each in value) if isinstance(value, list) else str(value),
)
def test_another_class_first(project: Any, classes: list[Any], warned: bool) -> None:
    """Its challenge, or a bare 403, would be the answer to a request without credentials."""
    project({"/x": view_of(*classes)})
    assert [name for name, _ in found()] == (["W021"] if warned else [])


def test_a_list_that_many_views_have_is_told_once(project: Any) -> None:
    """As one of the settings is, with the classes' names."""
    listed = (SessionAuthentication, JWTAuthentication)
    project({"/a": view_of(*listed), "/b": view_of(*listed), "/c": view_of(JWTAuthentication)})
    ((_, text),) = found()
    assert text.startswith(
        "The view at /a (and 1 more) authenticates by SessionAuthentication, JWTAuthentication:"
    )


def ninja_view(request: HttpRequest) -> dict[str, Any]:
    """Answer."""
    return {}


def api_of(auth: Any) -> NinjaAPI:
    """An API with one operation."""
    api = NinjaAPI(urls_namespace="checked")
    api.get("/me", auth=auth)(ninja_view)
    return api


@pytest.mark.parametrize("kind", ["DRF", "Ninja"])
def test_a_framework_without_the_backend(project: Any, kind: str) -> None:
    """Permissions in tokens would count for nothing; with it nothing is missing, the middleware neither."""
    view = view_of(JWTAuthentication) if kind == "DRF" else api_of(JWTBearer()).urls
    project({"/": view}, MIDDLEWARE=[], AUTHENTICATION_BACKENDS=[MODEL_BACKEND])
    assert [name for name, _ in found()] == ["W022"]
    assert found(check_installation) == []
    project({"/": view}, MIDDLEWARE=[], AUTHENTICATION_BACKENDS=[BACKEND])
    assert found() == found(check_installation) == []


def test_a_framework_that_takes_no_tokens(project: Any) -> None:
    """The control: it needs no backend of ours, and makes up for no middleware."""
    project({"/": view_of(SessionAuthentication)}, MIDDLEWARE=[], AUTHENTICATION_BACKENDS=[MODEL_BACKEND])
    assert found() == []
    project({"/": view_of(SessionAuthentication)}, MIDDLEWARE=[], AUTHENTICATION_BACKENDS=[BACKEND])
    assert [name for name, _ in found(check_installation)] == ["W004"]


def test_login_redirects_in_front_of_ninja(project: Any) -> None:
    """Until the API is left alone; an API without tokens is nobody's business."""
    stack = [*site.WITH_MIDDLEWARE, LOGIN_REQUIRED]
    project({"/": api_of(JWTBearer()).urls}, MIDDLEWARE=stack)
    ((name, text),) = found()
    assert (name, "/me" in text) == ("W023", True)
    project({"/": leave_alone(api_of(JWTBearer())).urls}, MIDDLEWARE=stack)
    assert found() == []
    project({"/": api_of(None).urls}, MIDDLEWARE=stack)
    assert found() == []
    project({"/": api_of(JWTBearer()).urls}, MIDDLEWARE=site.WITH_MIDDLEWARE)
    assert found() == []


ALONE = """
import sys
import django
from django.conf import settings
from django.core.management import call_command
from jwks_auth.testing import FakeIssuer

code, apps = sys.argv[1:]
given = {"INSTALLED_APPS": [], "MIDDLEWARE": []}
exec(code, given)
issuer = FakeIssuer(given["JWKS_AUTH"]["ISSUER"])
given["JWKS_AUTH"] = issuer.settings(given["JWKS_AUTH"]["AUDIENCE"]) | {"ALLOW_FAKE_ISSUER": True}
settings.configure(
    SECRET_KEY="not a secret, but long enough to be one in a test",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="__main__",
    **{name: value for name, value in given.items() if name.isupper()},
)
django.setup()
exec(apps)
call_command("check", fail_level="WARNING", stdout=sys.stderr)
from django.test import Client

client = Client()
for headers in (issuer.headers(sub="u1"), {}, {"Authorization": "Bearer nonsense"}):
    answer = client.get("/api/me", headers=headers)
    print(answer.status_code, answer.headers.get("WWW-Authenticate", "-").split(",")[0])
"""

DRF_URLS = """
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

class Me(APIView):
    def get(self, request):
        return Response({"sub": request.auth.subject})

urlpatterns = [path("api/me", Me.as_view())]
"""


@pytest.mark.parametrize("page", ["drf.md", "ninja.md"])
def test_the_guide_s_project_with_one_alone(page: str) -> None:
    """Its settings are all that a project needs: no warning of ``manage.py check``, and the right answers."""
    from tests.adapters.django.test_guide import SNIPPETS

    settings, urls = SNIPPETS[page][0], SNIPPETS[page][1] if page == "ninja.md" else DRF_URLS
    done = subprocess.run([sys.executable, "-c", ALONE, settings, urls], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["200 -", '401 Bearer realm="api"', '401 Bearer realm="api"'], (
        done.stderr
    )
