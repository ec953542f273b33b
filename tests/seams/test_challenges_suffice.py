"""Sent from scope to scope for ever: one challenge names all that a client needs, whatever guards a route has."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from fastapi import APIRouter, Depends, FastAPI, Security
from flask import Blueprint, Flask
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from jwks_auth import InsufficientScopeError, Policy
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import RequireJWTMixin, require_jwt
from jwks_auth_django.conf import MIDDLEWARE
from jwks_auth_django.rest_framework import HasAuthentication, HasRole, HasScopes, JWTAuthentication
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend
from jwks_auth_fastapi.starlette import require_jwt as in_starlette
from jwks_auth_flask import JWKSAuth
from jwks_auth_flask import require_jwt as in_flask

Get = Callable[[dict[str, str]], Any]
NEEDED = {"a", "b", "c"}


@pytest.fixture
def issuer() -> FakeIssuer:
    """An issuer whose tokens are trusted."""
    return FakeIssuer()


def flask_get(issuer: FakeIssuer) -> Get:
    """A guard on the app, one on the blueprint, two on the view."""
    app = Flask(__name__)
    app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"))
    auth = JWKSAuth(app)
    auth.protect(app, scopes="a")
    blueprint = Blueprint("orders", __name__)
    auth.protect(blueprint, scopes="b")
    blueprint.add_url_rule("/", view_func=in_flask(scopes="c")(lambda: "ok"))
    app.register_blueprint(blueprint)
    return lambda headers: app.test_client().get("/", headers=headers)


def fastapi_get(issuer: FakeIssuer) -> Get:
    """Dependencies of the router, of the route, and a policy."""
    auth = JWTBearer(issuer.settings())
    router = APIRouter(dependencies=[Security(auth, scopes=["a"])])
    asked = [Security(auth, scopes=["b"]), Depends(auth.requires(scopes="c"))]
    router.add_api_route("/", lambda: {}, dependencies=asked)
    app = FastAPI()
    app.include_router(router)
    return lambda headers: TestClient(app).get("/", headers=headers)


def starlette_get(issuer: FakeIssuer) -> Get:
    """Guards within guards."""
    backend = JWTAuthenticationBackend(issuer.settings())

    @in_starlette(backend=backend, scopes="a")
    @in_starlette(backend=backend, scopes="b")
    @in_starlette(backend=backend, scopes="c")
    async def view(request: Any) -> JSONResponse:
        return JSONResponse({})

    return lambda headers: TestClient(Starlette(routes=[Route("/", view)])).get("/", headers=headers)


def ok(request: Any) -> HttpResponse:
    """A view."""
    return HttpResponse("ok")


@method_decorator(require_jwt(scopes="b"), name="dispatch")
class ClassView(View):
    """A guard on what the mixin is around."""

    @method_decorator(require_jwt(scopes="c"))
    def get(self, request: Any) -> HttpResponse:
        """Guarded again."""
        return HttpResponse("ok")


class MixinView(RequireJWTMixin, ClassView):
    """And the mixin."""

    jwt = {"scopes": "a"}


class DRFView(APIView):
    """Permissions, listed and composed."""

    authentication_classes = (JWTAuthentication,)
    permission_classes = (HasScopes("a"), HasScopes("b") & (HasRole("x") | HasScopes("c")))

    def get(self, request: Any) -> Response:
        """Nothing."""
        return Response({})


def in_django(view: Any, *, middleware: bool = False) -> Callable[[FakeIssuer], Get]:
    """A project of one view."""

    def site(issuer: FakeIssuer) -> Get:
        def get(headers: dict[str, str]) -> Any:
            around = [MIDDLEWARE] if middleware else []
            with override_settings(
                JWKS_AUTH=issuer.settings(), ROOT_URLCONF=(path("", view),), MIDDLEWARE=around
            ):
                return Client().get("/", headers=headers)

        return get

    return site


def nested() -> Any:
    """Decorators on decorators."""
    return require_jwt(scopes="a")(require_jwt(scopes="b")(require_jwt(scopes="c")(ok)))


SITES: dict[str, Callable[[FakeIssuer], Get]] = {
    "flask": flask_get,
    "fastapi": fastapi_get,
    "starlette": starlette_get,
    "django": in_django(nested()),
    "django behind the middleware": in_django(nested(), middleware=True),
    "drf": in_django(DRFView.as_view()),
}


def named(answer: Any) -> set[str]:
    """The scopes that a challenge names."""
    found = re.search(r'scope="([^"]*)"', answer.headers["WWW-Authenticate"])
    return set(found[1].split()) if found else set()


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
@pytest.mark.parametrize("held", [None, "", "a", "b", "c", "a b", "b c", "a c"])
def test_one_challenge_is_enough(
    site: Callable[[FakeIssuer], Get], held: str | None, issuer: FakeIssuer
) -> None:
    """A client that asks for what it is told, and for nothing else, is let in by its second request."""
    get = site(issuer)
    first = get({} if held is None else issuer.headers(sub="u1", scope=held))
    assert first.status_code == (401 if held is None else 403)
    assert named(first) == NEEDED
    again = get(issuer.headers(sub="u1", scope=" ".join(named(first))))
    assert again.status_code == 200


def test_guards_inside_a_class_are_told_as_they_are_met(issuer: FakeIssuer) -> None:
    """Those on single methods are not known outside of them: a client needs one round more, and not endless ones."""
    get, held, rounds = in_django(MixinView.as_view())(issuer), "", 0
    while (answer := get(issuer.headers(sub="u1", scope=held))).status_code == 403:
        rounds, held = rounds + 1, " ".join(named(answer))
    assert answer.status_code == 200
    assert rounds <= 3


def view_s_own(request: Any) -> HttpResponse:
    """A view that asks for more by itself."""
    Policy(scopes="own").check(request.token)
    return HttpResponse("ok")


def test_what_the_view_asks_itself_is_named_beside_its_guard_s(issuer: FakeIssuer) -> None:
    """``Policy(...).check(request.token)``, and the error raised by hand."""

    def by_hand(request: Any) -> HttpResponse:
        raise InsufficientScopeError("own")

    for view in (view_s_own, by_hand):
        answer = in_django(require_jwt(scopes="a")(view))(issuer)(issuer.headers(sub="u1", scope="a"))
        assert (answer.status_code, named(answer)) == (403, {"a", "own"})


class Owner(BasePermission):
    """A permission of the project's."""

    allowed = False

    def has_permission(self, request: Any, view: Any) -> bool:
        """Tell."""
        return self.allowed


class Failing(BasePermission):
    """One that fails where it is asked a second time, or whom it does not expect."""

    asked = 0

    def has_permission(self, request: Any, view: Any) -> bool:
        """Allow nobody, once."""
        Failing.asked += 1
        if Failing.asked % 2 == 0:
            raise RuntimeError
        return False


class Lister(APIView):
    """A view whose permissions depend on the user."""

    authentication_classes = (JWTAuthentication,)

    def get_permissions(self) -> Any:
        """Ask who it is."""
        return [HasScopes("a")() if self.request.user else Owner()]

    def get(self, request: Any) -> Response:
        """Nothing."""
        return Response({})


def drf(*permissions: Any) -> Any:
    """A view with these permissions."""
    return type("SomeView", (DRFView,), {"permission_classes": permissions}).as_view()


@pytest.mark.parametrize(
    ("permissions", "claims", "told"),
    [
        ([HasScopes("a") | HasScopes("b")], {}, {"a"}),
        ([HasScopes("a", "b") | HasScopes("c")], {"scope": "a"}, {"a", "b"}),
        ([HasScopes("a", "b") | HasScopes("c")], {}, {"c"}),
        ([HasRole("x") | HasScopes("c")], {}, {"c"}),
        ([HasRole("x")], {}, set()),
        ([HasScopes("a"), HasRole("x")], {"scope": "a"}, set()),
        ([HasScopes("a"), HasRole("x")], {}, {"a"}),
        ([~HasScopes("a")], {"scope": "a"}, set()),
        ([HasScopes("a"), Owner], {"scope": "a"}, set()),
        ([HasScopes("a") & Owner], {}, {"a"}),
        ([Owner | HasScopes("a")], {}, {"a"}),
        ([(Owner & HasScopes("a")) | HasScopes("b", "c")], {}, {"b", "c"}),
        ([(~Owner | HasScopes("a")) & HasScopes("b")], {}, {"b"}),
        ([Failing | HasScopes("a")], {}, set()),
    ],
)
def test_drf_names_the_branch_that_scopes_open(
    permissions: list[Any], claims: dict[str, str], told: set[str], issuer: FakeIssuer
) -> None:
    """Of compositions with permissions of the project's too; one that fails when listed costs the names alone."""
    answer = in_django(drf(*permissions))(issuer)(issuer.headers(sub="u1", **claims))
    assert (answer.status_code, named(answer)) == (403, told)


def test_drf_answers_for_the_weak_with_401(issuer: FakeIssuer) -> None:
    """Step-up and scopes at once; a role that lacks too does not hide it."""
    get = in_django(drf(HasScopes("a"), HasAuthentication(acr=["mfa"], max_auth_age=60), HasRole("x")))(
        issuer
    )
    answer = get(issuer.headers(sub="u1"))
    assert (answer.status_code, named(answer)) == (401, {"a"})
    assert 'acr_values="mfa", max_age="60"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer a.b.c"}])
def test_a_view_whose_permissions_ask_the_user_is_refused_all_the_same(
    headers: dict[str, str], issuer: FakeIssuer
) -> None:
    """Listing them must not ask for the user that is being looked for: 401, and no endless recursion."""
    assert in_django(Lister.as_view())(issuer)(headers).status_code == 401
