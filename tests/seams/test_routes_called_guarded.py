"""Routes that look guarded and are open: the table of routes says open or unknown, and never that they are guarded."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import login_required, permission_required, user_passes_test
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.mixins import (
    AccessMixin,
    LoginRequiredMixin,
    PermissionRequiredMixin,
    UserPassesTestMixin,
)
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_variables
from ninja import NinjaAPI, Router
from ninja.decorators import decorate_view
from ninja.security import HttpBearer, django_auth
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.permissions import (
    AllowAny,
    BasePermission,
    DjangoModelPermissions,
    DjangoModelPermissionsOrAnonReadOnly,
    IsAdminUser,
    IsAuthenticated,
    IsAuthenticatedOrReadOnly,
)
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet, ViewSet

from jwks_auth import ConfigurationError
from jwks_auth.cli import RouteRow
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import RequireJWTMixin, require_jwt
from jwks_auth_django.ninja import JWTBearer
from jwks_auth_django.rest_framework import HasRole, HasScopes
from jwks_auth_django.routes import requirements, rows

LOGIN = "django.contrib.auth.middleware.LoginRequiredMiddleware"


def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Anything."""
    return HttpResponse("in")


def method(self: Any, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
    """Anything, of a class."""
    return HttpResponse("in")


def logged(inner: Any) -> Any:
    """A decorator of the project's own, which happens to call what is in it."""

    @functools.wraps(inner)
    def wrapper(request: HttpRequest) -> Any:
        return inner(request)

    return wrapper


def hiding(inner: Any) -> Any:
    """One that takes the marks of what is in it, and forgets the rest."""

    @functools.wraps(inner)
    def wrapper(request: HttpRequest) -> HttpResponse:
        return view(request)

    return wrapper


class Remembering:
    """One that is an object."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        functools.update_wrapper(self, inner)

    def __call__(self, request: HttpRequest) -> Any:
        """Whatever."""
        return view(request)


def made(*bases: type, **attributes: Any) -> Callable[..., Any]:
    """A view made of a class with these bases, which answers GET."""
    return type("Made", bases, {"get": method, **attributes}).as_view()  # type: ignore[attr-defined,no-any-return]


def decorated(*decorators: Any, bases: tuple[type, ...] = (View,)) -> Any:
    """A class-based view with a decorated dispatch."""
    return method_decorator(list(decorators), name="dispatch")(type("Made", bases, {"get": method})).as_view()


class Mine(BasePermission):
    """The project's own."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Anybody."""
        return True


class Lax(IsAuthenticated):
    """Named as if it were strict."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Anybody."""
        return True


class Scopeless(HasScopes):
    """Asks nothing any more."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """Anybody."""
        return True


class ReadableModels(DjangoModelPermissions):
    """Anybody may read."""

    authenticated_users_only = False


def drf(*permissions: Any, **attributes: Any) -> Any:
    """A view of DRF's with these permissions."""
    return made(APIView, permission_classes=list(permissions), **attributes)


def unasked(self: Any, *args: Any, **kwargs: Any) -> Any:
    """Nothing."""
    return []


PASSED_BY = (
    method_decorator(never_cache, name="dispatch")(type("Cached", (View,), {})),
    type("SignedIn", (LoginRequiredMixin, View), {}),
)
"""The decorated dispatch is View's own, and calls no other class's."""

OVERRIDDEN = ["get_permissions", "check_permissions", "initial", "permission_denied"]

FUNCTIONS: dict[str, Any] = {
    "nothing": view,
    "a test that is always true": user_passes_test(lambda user: True)(view),
    "a test that is no function": user_passes_test(functools.partial(bool, True))(view),
    "no permission at all": permission_required([])(view),
    "a mark without a guard": functools.wraps(require_jwt(view))(lambda request: view(request)),
    "a decorator that forgets the guard": hiding(require_jwt(view)),
    "a decorator that forgets login_required": hiding(login_required(view)),
    "an object around the guard": Remembering(require_jwt(view)),
    "a decorator that nobody knows": logged(require_jwt(view)),
    "the same further out": never_cache(logged(require_jwt(view))),
}
CLASSES: dict[str, Any] = {
    "the mixin behind the view": made(View, LoginRequiredMixin),
    "the mixin without a dispatch": made(AccessMixin, View),
    "no permission named": made(PermissionRequiredMixin, View, permission_required=()),
    "a permission that is asked otherwise": made(
        PermissionRequiredMixin, View, permission_required="a.b", has_permission=lambda self: True
    ),
    "permissions by a property": made(
        PermissionRequiredMixin, View, permission_required=property(lambda self: ())
    ),
    "a test of one's own": made(UserPassesTestMixin, View, test_func=lambda self: True),
    "no permission, refused": made(LoginRequiredMixin, View, handle_no_permission=method),
    "dispatch overridden": made(LoginRequiredMixin, View, dispatch=method),
    "dispatch within a decorator of Django's": made(
        LoginRequiredMixin, View, dispatch=sensitive_variables("a")(method)
    ),
    "dispatch that is no function": made(LoginRequiredMixin, View, dispatch=staticmethod(Remembering(view))),
    "a mixin that is passed by": made(*PASSED_BY),
    "dispatch replaced": type("Made", (LoginRequiredMixin, View), {"get": method}).as_view(dispatch=view),  # type: ignore[attr-defined]
    "one method of two": made(View, post=method_decorator(require_jwt)(method)),
    "dispatch tested": decorated(user_passes_test(lambda user: True)),
    "a guard within what nobody knows": decorated(logged, require_jwt),
    "a mixin within what nobody knows": decorated(logged, bases=(LoginRequiredMixin, View)),
    "a mixin within an object": decorated(Remembering, bases=(LoginRequiredMixin, View)),
}
DRF: dict[str, Any] = {
    "AllowAny": drf(AllowAny),
    "AllowAny, twice": drf(AllowAny, AllowAny),
    "no permissions": drf(),
    "no authentication either": drf(authentication_classes=[]),
    "or anybody": drf(IsAuthenticated | AllowAny),
    "or anybody, the other way": drf(AllowAny | HasScopes("a")),
    "not": drf(~IsAuthenticated),
    "not, in a composition": drf(AllowAny & ~IsAdminUser),
    "or not": drf(IsAuthenticated | ~IsAdminUser),
    "one's own": drf(Mine),
    "one's own, and anybody": drf(AllowAny, Mine),
    "or one's own": drf(IsAuthenticated | Mine),
    "a subclass that asks nothing": drf(Lax),
    "a subclass of ours that asks nothing": drf(Scopeless),
    "the base of all": drf(BasePermission),
    "readable": drf(IsAuthenticatedOrReadOnly),
    "readable models": drf(DjangoModelPermissionsOrAnonReadOnly),
    "readable models of one's own": drf(ReadableModels),
    "models, ignored": drf(DjangoModelPermissions, _ignore_model_permissions=True),
    "a property": made(APIView, permission_classes=property(unasked)),
    "in as_view": type("Made", (APIView,), {"get": method, "permission_classes": [IsAuthenticated]}).as_view(
        permission_classes=[AllowAny]
    ),
    "a method in as_view": type(
        "Made", (APIView,), {"get": method, "permission_classes": [IsAuthenticated]}
    ).as_view(get_permissions=lambda: []),
    "a function": api_view(["GET"])(permission_classes([AllowAny])(view)),
    "a function, by default": api_view(["GET"])(view),
    "a guard within": api_view(["GET"])(require_jwt(view)),
    "dispatch": drf(IsAuthenticated, dispatch=method),
    **{name: drf(IsAuthenticated, **{name: unasked}) for name in OVERRIDDEN},
}


class Token(HttpBearer):
    """The project's own."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Anybody."""
        return "anybody"


class Anybody(JWTBearer):
    """Named as ours, and asking nothing."""

    def __call__(self, request: HttpRequest) -> Any:
        """Anybody."""
        return "anybody"


def listed(urls: Any, **settings: Any) -> dict[str, RouteRow]:
    """The table's rows, by path."""
    with override_settings(ROOT_URLCONF=urls, **settings):
        return {row.path: row for row in rows()}


def fails(urls: Any) -> bool:
    """Whether ``--fail-unprotected`` does."""
    with override_settings(ROOT_URLCONF=urls):
        try:
            call_command("jwks", "routes", fail_unprotected=True)
        except CommandError:
            return True
    return False


OPEN = {**FUNCTIONS, **CLASSES, **DRF}


@pytest.mark.parametrize("name", OPEN)
def test_what_is_open_is_not_called_guarded(
    project: Any, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is open, or unknown with the reason, and ``--fail-unprotected`` fails on either."""
    project()
    urls = (path("x", OPEN[name]),)
    (row,) = listed(urls).values()
    assert row.guard is None
    assert row.state == "UNPROTECTED" or row.state.startswith("UNKNOWN: ")
    assert fails(urls)


@pytest.mark.parametrize(
    ("name", "doubt"),
    [
        (
            "a test that is always true",
            "user_passes_test asks tests.seams.test_routes_called_guarded.<lambda>",
        ),
        ("a decorator that nobody knows", "test_routes_called_guarded.logged.<locals>.wrapper stands around"),
        ("an object around the guard", "bears the mark of require_jwt"),
        ("dispatch overridden", "Made.dispatch is the project's own"),
        ("a test of one's own", "Made.test_func may let anybody in"),
        ("no permission, refused", "Made.handle_no_permission is the project's own"),
        ("get_permissions", "Made.get_permissions is the project's own"),
        ("one's own", "Mine is a permission of the project's own"),
        ("or not", "NOT IsAdminUser lets in whom the rest refuses"),
    ],
)
def test_the_reason_is_told(project: Any, name: str, doubt: str) -> None:
    """What to look at is named by its code, not by a name that it was given."""
    (row,) = listed((path("x", OPEN[name]),)).values()
    assert doubt in (row.doubt or "")


GUARDED: dict[str, tuple[Any, str]] = {
    "require_jwt": (require_jwt(view), "require_jwt: token"),
    "behind Django's decorators": (never_cache(csrf_protect(require_jwt(view))), "require_jwt: token"),
    "in a partial": (functools.partial(require_jwt(view), extra=1), "require_jwt: token"),
    "around what nobody knows": (require_jwt(logged(view)), "require_jwt: token"),
    "login_required": (login_required(view), "login_required"),
    "permission_required": (permission_required("a.b")(view), "permission_required"),
    "staff": (staff_member_required(view, login_url="/login/"), "staff_member_required"),
    "a test around a guard": (user_passes_test(lambda user: True)(require_jwt(view)), "require_jwt: token"),
    "mixin": (made(LoginRequiredMixin, View), "LoginRequiredMixin"),
    "permission mixin": (
        made(PermissionRequiredMixin, View, permission_required="a.b"),
        "PermissionRequiredMixin",
    ),
    "our mixin": (made(RequireJWTMixin, View, jwt={"scopes": "a"}), "require_jwt: token with scopes a"),
    "dispatch": (decorated(never_cache, require_jwt), "require_jwt: token"),
    "dispatch over a mixin": (decorated(never_cache, bases=(LoginRequiredMixin, View)), "LoginRequiredMixin"),
    "a guard around what nobody knows": (decorated(require_jwt, logged), "require_jwt: token"),
    "DRF": (drf(IsAuthenticated), "DRF: IsAuthenticated"),
    "DRF and one's own": (drf(IsAuthenticated, Mine), "DRF: IsAuthenticated, Mine"),
    "DRF's and": (drf(IsAuthenticated & AllowAny), "DRF: (IsAuthenticated AND AllowAny)"),
    "DRF's or": (drf(IsAdminUser | HasScopes("a")), "DRF: (IsAdminUser OR HasScopes('a'))"),
    "DRF's models": (drf(DjangoModelPermissions), "DRF: DjangoModelPermissions"),
    "a negation of ours": (drf(~HasRole("guest")), "DRF: NOT HasRole('guest')"),
    "DRF's dispatch": (decorated(never_cache, bases=(drf(IsAuthenticated).cls,)), "DRF: IsAuthenticated"),
    "a function of DRF's": (
        api_view(["GET"])(permission_classes([HasScopes("a")])(view)),
        "DRF: HasScopes('a')",
    ),
    "writing": (
        type(
            "Made", (APIView,), {"post": method, "permission_classes": [IsAuthenticatedOrReadOnly]}
        ).as_view(),
        "DRF: IsAuthenticatedOrReadOnly",
    ),
    "our mixin around DRF's": (
        made(RequireJWTMixin, APIView, permission_classes=[AllowAny]),
        "require_jwt: token",
    ),
}


@pytest.mark.parametrize("name", GUARDED)
def test_what_is_guarded_is_called_so(project: Any, name: str) -> None:
    """The control: what is known to ask is listed with what it asks, and nobody gets in without."""
    project()
    guarded, told = GUARDED[name]
    urls = (path("x", guarded),)
    (row,) = listed(urls).values()
    assert (row.guard, row.doubt) == (told, None)
    assert not fails(urls)
    project({"/x": guarded})
    answer = Client().post("/x") if name == "writing" else Client().get("/x")
    assert answer.status_code in {302, 401, 403}


class Orders(ViewSet):
    """Guarded, but for what an action says of itself."""

    permission_classes: Any = [IsAuthenticated]
    list = method

    @action(detail=False, permission_classes=[AllowAny])
    def open(self, request: Any) -> Response:
        """For anybody."""
        return Response("in")

    @action(detail=False, methods=["post"])
    def closed(self, request: Any) -> Response:
        """As the class says."""
        return Response("in")


class Asking(Orders):
    """Decides for itself."""

    def get_permissions(self) -> Any:
        """Nothing, for some."""
        return [] if self.action == "list" else super().get_permissions()


class People(ModelViewSet):
    """Guarded by DRF's default."""

    queryset = User.objects.all()
    permission_classes = [HasScopes]
    required_scopes = {"list": "people:read"}


def test_actions_with_permissions_of_their_own(project: Any) -> None:
    """``@action(permission_classes=[AllowAny])`` is open, its neighbours are not; overridden ones are unknown."""
    router = DefaultRouter(trailing_slash=False)
    router.include_format_suffixes = False
    for name, kind in {"orders": Orders, "asking": Asking, "people": People}.items():
        router.register(name, kind, basename=name)
    urls = (path("api/", include((router.urls, "api"), namespace="v1")),)
    table = {route.removeprefix("/api/"): row for route, row in listed(urls).items()}
    assert {route: row.guard for route, row in table.items()} == {
        "": None,
        "orders": "DRF: IsAuthenticated",
        "orders/open": None,
        "orders/closed": "DRF: IsAuthenticated",
        "asking": None,
        "asking/open": None,
        "asking/closed": None,
        "people": "DRF: HasScopes",
        "people/<pk>": "DRF: HasScopes",
    }
    assert {route for route, row in table.items() if row.doubt} == {"asking", "asking/open", "asking/closed"}
    assert (table["orders/open"].methods, table["orders/closed"].methods) == ("GET", "POST")
    project({"/api/": include(router.urls)})
    assert Client().get("/api/orders/open").status_code == 200
    assert Client().get("/api/orders").status_code in {401, 403}


def test_ninjas_routes(project: Any) -> None:
    """No authentication, an open one in a list, and one of the project's own: open or unknown."""
    project()
    api = NinjaAPI(urls_namespace="audit", docs_url=None, openapi_url=None, auth=JWTBearer())
    router = Router()
    ways: dict[str, Any] = {
        "none": None,
        "function": lambda request: "anybody",
        "own": Token(),
        "ours": Anybody(),
        "either": [JWTBearer(), Token()],
        "both": [JWTBearer(), django_auth],
    }
    for name, auth in ways.items():
        router.get(f"/{name}", auth=auth, operation_id=name)(view)
    router.get("/inherited", operation_id="inherited")(view)
    router.get("/cached", operation_id="cached")(decorate_view(never_cache)(lambda request: "in"))
    router.get("/logged", operation_id="logged")(decorate_view(logged)(lambda request: "in"))
    api.add_router("/r", router)
    table = {route.rpartition("/")[2]: row for route, row in listed((path("n/", api.urls),)).items()}
    guards = {
        name: row.guard for name, row in table.items() if row.guard and not row.guard.startswith("public")
    }
    assert guards == {
        "both": "JWTBearer: token or SessionAuth",
        "inherited": "JWTBearer: token",
        "cached": "JWTBearer: token",
    }
    assert {name for name, row in table.items() if row.doubt} == {
        "function",
        "own",
        "ours",
        "either",
        "logged",
    }
    assert table["none"].state == "UNPROTECTED"


class OpenSite(AdminSite):
    """An admin for anybody."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Anybody."""
        return True


def test_an_admin_for_anybody(project: Any) -> None:
    """A site of the project's own, which asks otherwise, is unknown; Django's is known."""
    project()
    site, own = AdminSite(name="one"), OpenSite(name="two")
    for each in (site, own):
        each.register(User)
    table = listed((path("one/", site.urls), path("two/", own.urls)))
    asked = {route: row for route, row in table.items() if not route.endswith("login/")}
    assert {row.guard for route, row in asked.items() if route.startswith("/one/")} == {"admin"}
    assert {row.state for route, row in asked.items() if route.startswith("/two/")} == {
        "UNKNOWN: OpenSite.has_permission is the project's own"
    }


def test_without_drf_and_ninja(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither is loaded, no view is theirs."""
    project()
    for name in ("ninja.operation", "rest_framework.views"):
        monkeypatch.delitem(sys.modules, name)
    urls = tuple(
        path(f"{at}", each) for at, each in enumerate((view, made(View), made(LoginRequiredMixin, View)))
    )
    assert [row.guard for row in listed(urls).values()] == [None, None, "LoginRequiredMixin"]
    with override_settings(ROOT_URLCONF=(*urls, path("jwt", require_jwt(view)))):
        assert [route for route, _ in requirements()] == ["/jwt"]


class Selective(LoginRequiredMiddleware):
    """Asks some."""

    def process_view(self, request: Any, view_func: Any, view_args: Any, view_kwargs: Any) -> None:
        """Nobody."""


def test_a_middleware_that_asks_some(project: Any) -> None:
    """Django's own guards what nothing else does, but for what says otherwise; a subclass that decides does not."""
    project()
    views = {"bare": view, "tested": OPEN["a test that is always true"], "drf": drf(AllowAny)}
    urls = tuple(path(name, each) for name, each in views.items())
    table = listed(urls, MIDDLEWARE=[LOGIN])
    assert {route: row.guard for route, row in table.items()} == {
        "/bare": "LoginRequiredMiddleware",
        "/tested": "LoginRequiredMiddleware",
        "/drf": None,
    }
    table = listed(urls, MIDDLEWARE=[f"{__name__}.Selective"])
    assert {row.guard for row in table.values()} == {None}


def test_our_mixin_behind_a_view_is_refused_when_the_class_is_made(issuer: FakeIssuer, project: Any) -> None:
    """It would guard nothing; leftmost it guards, a view set too."""
    for bases in ((View, RequireJWTMixin), (APIView, RequireJWTMixin), (ViewSet, RequireJWTMixin)):
        with pytest.raises(ConfigurationError, match=r"class Made: RequireJWTMixin guards nothing behind"):
            type("Made", bases, {"get": method})
    kind = type("Made", (RequireJWTMixin, ViewSet), {"list": method, "permission_classes": [AllowAny]})
    project({"/x": kind.as_view({"get": "list"}), "/y": made(RequireJWTMixin, View)})  # type: ignore[attr-defined]
    for route in ("/x", "/y"):
        assert Client().get(route).status_code == 401
        assert Client().get(route, headers=issuer.headers()).status_code == 200
