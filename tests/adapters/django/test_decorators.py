"""@require_jwt and RequireJWTMixin; what they ask is in the contract, here is what is Django's."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client, RequestFactory
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from jwks_auth import ANY_AUDIENCE, ConfigurationError, Policy
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import RequireJWTMixin, require_jwt
from jwks_auth_django.signals import token_verified
from tests.django_site import settings as site

LOGIN = "django.contrib.auth.middleware.LoginRequiredMiddleware"
OURS = "jwks_auth_django.middleware.JWTAuthenticationMiddleware"


def whoami(request: HttpRequest) -> JsonResponse:
    """Who it is."""
    return JsonResponse({"user": str(getattr(request, "user", None)), "token": bool(request.token)})


async def awhoami(request: HttpRequest) -> JsonResponse:
    """Who it is, asked in an async view."""
    return JsonResponse({"user": str(await request.auser()), "token": bool(request.token)})


STACKS = [[], site.WITHOUT_MIDDLEWARE, site.WITH_MIDDLEWARE]


@pytest.mark.parametrize("stack", STACKS, ids=["bare", "Django's", "with ours"])
def test_user_and_token_are_set(project: Any, issuer: FakeIssuer, stack: list[str]) -> None:
    """With or without the middleware the view finds user and token."""
    project({"/sync": require_jwt(whoami), "/async": require_jwt()(awhoami)}, MIDDLEWARE=stack)
    for path in ("/sync", "/async"):
        response = Client().get(path, headers=issuer.headers(sub="u1"))
        assert response.json() == {"user": "u1", "token": True}
        assert response["Vary"] == "Authorization"
        assert Client().get(path).status_code == 401


@pytest.mark.parametrize("stack", STACKS, ids=["bare", "Django's", "with ours"])
def test_verified_once_per_request(project: Any, issuer: FakeIssuer, stack: list[str]) -> None:
    """Middleware and any number of guards verify a token, and find its user, once."""
    told: list[Any] = []

    def listen(**kwargs: Any) -> None:
        told.append(kwargs["token"])

    token_verified.connect(listen)
    project({"/me": require_jwt(scopes="a")(require_jwt(any_scope=["b"])(whoami))}, MIDDLEWARE=stack)
    assert Client().get("/me", headers=issuer.headers(scope="a b")).status_code == 200
    assert Client().get("/me", headers=issuer.headers(scope="a")).status_code == 403
    token_verified.disconnect(listen)
    assert len(told) == 2


def test_policy_permissions_and_claims(project: Any, issuer: FakeIssuer) -> None:
    """Everything a Requirement takes may be asked."""
    policy = Policy(scopes="a") | Policy(claims={"tier": "gold"})
    project(
        {"/p": require_jwt(policy=policy)(whoami), "/q": require_jwt(permissions="orders.view_order")(whoami)}
    )
    assert Client().get("/p", headers=issuer.headers(tier="gold")).status_code == 200
    assert Client().get("/p", headers=issuer.headers(tier="tin")).status_code == 403
    assert Client().get("/q", headers=issuer.headers(permissions=["orders.view_order"])).status_code == 200


def test_login_required_middleware_leaves_guarded_views_alone(project: Any, issuer: FakeIssuer) -> None:
    """The guard answers 401; no API client is sent to a login page."""
    project({"/me": require_jwt(whoami)}, MIDDLEWARE=[*site.WITHOUT_MIDDLEWARE, LOGIN])
    assert Client().get("/me").status_code == 401
    assert Client().get("/me", headers=issuer.headers()).status_code == 200


def test_a_session_opens_no_guarded_view(project: Any, database: None) -> None:
    """Only a token does, so CSRF protection has nothing to protect: 401, not 403."""
    project({"/me": require_jwt(whoami)})
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create(username="cookie"), "django.contrib.auth.backends.ModelBackend")
    assert (client.get("/me").status_code, client.post("/me").status_code) == (401, 401)


@pytest.mark.parametrize("stack", [site.WITHOUT_MIDDLEWARE, site.WITH_MIDDLEWARE], ids=["alone", "with ours"])
@pytest.mark.parametrize("view", [whoami, awhoami], ids=["sync", "async"])
def test_an_optional_guard_keeps_csrf(
    project: Any, issuer: FakeIssuer, database: None, stack: list[str], view: Any
) -> None:
    """Without a token the session acts, so CSRF protects it; a good token waives it, a bad one is refused."""
    project({"/me": require_jwt(optional=True)(view)}, MIDDLEWARE=stack)
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create(username="cookie"), "django.contrib.auth.backends.ModelBackend")
    assert client.get("/me").json() == {"user": "cookie", "token": False}
    assert client.post("/me").status_code == 403
    assert client.post("/me", headers=issuer.headers(sub="u1")).json() == {"user": "u1", "token": True}
    assert client.post("/me", headers={"Authorization": "Bearer nonsense"}).status_code == 401
    client.cookies["csrftoken"] = "x" * 32
    assert client.post("/me", headers={"X-CSRFToken": "x" * 32}).json()["user"] == "cookie"


def test_an_optional_guard_adds_no_csrf(project: Any) -> None:
    """Where the project has no CSRF protection, or exempts the view, the guard brings none."""
    guarded = require_jwt(optional=True)(whoami)
    project({"/me": guarded}, MIDDLEWARE=[])
    assert Client(enforce_csrf_checks=True).post("/me").status_code == 200
    for exempt in (csrf_exempt(guarded), require_jwt(optional=True)(csrf_exempt(whoami))):
        project({"/me": exempt}, MIDDLEWARE=site.WITHOUT_MIDDLEWARE)
        assert Client(enforce_csrf_checks=True).post("/me").status_code == 200
    project({}, MIDDLEWARE=site.WITHOUT_MIDDLEWARE)
    assert guarded(RequestFactory().post("/me")).status_code == 200, "called without a URL, as in a unit test"


def test_csrf_is_kept_through_other_decorators(project: Any) -> None:
    """A decorator around the guard hides nothing."""
    project({"/me": never_cache(require_jwt(optional=True)(whoami))}, MIDDLEWARE=site.WITHOUT_MIDDLEWARE)
    assert Client(enforce_csrf_checks=True).post("/me").status_code == 403


@method_decorator(require_jwt(scopes="a"), name="dispatch")
class AsyncView(View):
    """An async view behind a decorated dispatch."""

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Who it is."""
        return await awhoami(request)


class MethodView(View):
    """One method guarded, the other not."""

    @method_decorator(require_jwt)
    def post(self, request: HttpRequest) -> HttpResponse:
        """Guarded."""
        return whoami(request)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Not guarded."""
        return HttpResponse("open")


class MixedIn(RequireJWTMixin, View):
    """Guarded by the mixin."""

    jwt = {"scopes": "a"}

    def get(self, request: HttpRequest) -> HttpResponse:
        """Who it is."""
        return whoami(request)


@pytest.mark.parametrize("view", [AsyncView, MixedIn])
def test_class_based_views(project: Any, issuer: FakeIssuer, view: Any) -> None:
    """method_decorator and mixin guard all methods, and tell Django what it must know."""
    as_view = view.as_view()
    assert (as_view.login_required, bool(as_view.csrf_exempt)) == (False, True)
    assert [requirement.policy for requirement in as_view.jwks_auth] == [Policy(scopes="a")]
    project({"/me": as_view})
    assert Client().get("/me", headers=issuer.headers(scope="a")).status_code == 200
    assert Client().get("/me", headers=issuer.headers()).status_code == 403
    assert Client().options("/me").status_code == 401


async def test_class_based_views_on_asgi(project: Any, issuer: FakeIssuer) -> None:
    """The same in an async stack."""
    project({"/me": AsyncView.as_view()})
    assert (await AsyncClient().get("/me", headers=issuer.headers(scope="a"))).status_code == 200
    assert (await AsyncClient().get("/me")).status_code == 401


def test_one_method_of_a_view(project: Any, issuer: FakeIssuer) -> None:
    """A guard on one method leaves the others open."""
    project({"/me": MethodView.as_view()}, MIDDLEWARE=[])
    assert Client().get("/me").content == b"open"
    assert Client().post("/me").status_code == 401
    assert Client().post("/me", headers=issuer.headers()).status_code == 200


def test_on_a_class_it_says_what_to_write() -> None:
    """Decorating the class itself is refused when it is written."""
    with pytest.raises(ConfigurationError, match=r"RequireJWTMixin, or method_decorator"):
        require_jwt(MethodView)


def test_wrong_requirements_fail_where_they_are_written() -> None:
    """A scope no token can hold is no 500 later."""
    with pytest.raises(ConfigurationError, match="scopes"):
        require_jwt(scopes="orders:read,orders:write")


@pytest.mark.parametrize("audience", ["reports", ANY_AUDIENCE])
def test_an_audience_the_middleware_refuses(project: Any, issuer: FakeIssuer, audience: Any) -> None:
    """With the middleware a view's audience must be among AUDIENCE; said with or without a token."""
    guarded = require_jwt(audience=audience)(whoami)
    project({"/me": guarded, "/exempt/me": guarded}, EXEMPT_PATHS=["/exempt/"])
    for headers in ({}, issuer.headers()):
        with pytest.raises(ImproperlyConfigured, match=r'audience=.*JWKS_AUTH\["AUDIENCE"\]'):
            Client().get("/me", headers=headers)
    assert Client().get("/exempt/me", headers=issuer.headers(aud="reports")).status_code == 200
    project({"/me": guarded}, MIDDLEWARE=[])
    assert Client().get("/me", headers=issuer.headers(aud="reports")).status_code == 200


@pytest.mark.parametrize("view", [whoami, awhoami], ids=["sync", "async"])
def test_an_audience_of_ones_own_opens_nothing_else(project: Any, issuer: FakeIssuer, view: Any) -> None:
    """Guards inside of each other judge the audience each: one's own, and the service's."""
    reports = require_jwt(audience="reports")
    project({"/out": reports(require_jwt(view)), "/in": require_jwt(reports(view))}, MIDDLEWARE=[])
    for path in ("/out", "/in"):
        for audience, status in (("reports", 401), ("api", 401), (["api", "reports"], 200)):
            assert Client().get(path, headers=issuer.headers(aud=audience)).status_code == status


def test_any_audience_of_the_service_covers_every_view(project: Any, issuer: FakeIssuer) -> None:
    """Where the middleware takes any audience, so may a view, or one of its own."""
    for audience in ("reports", ANY_AUDIENCE):
        project({"/me": require_jwt(audience=audience)(whoami)}, audience=ANY_AUDIENCE)
        assert Client().get("/me", headers=issuer.headers(aud="reports")).status_code == 200


def test_a_view_that_answers_nothing_is_djangos_to_complain_about(project: Any, issuer: FakeIssuer) -> None:
    """The guard does not hide Django's message."""
    project({"/me": require_jwt(lambda request: None)}, MIDDLEWARE=[])
    with pytest.raises(ValueError, match="didn't return an HttpResponse"):
        Client().get("/me", headers=issuer.headers())


@pytest.mark.parametrize("view", [whoami, awhoami], ids=["sync", "async"])
def test_the_cores_errors_in_a_guarded_view(project: Any, issuer: FakeIssuer, view: Any) -> None:
    """A policy checked in the view is answered as the guard's own, without the middleware too."""

    @require_jwt
    def sync_view(request: HttpRequest) -> HttpResponse:
        Policy(scopes="b").check(request.token)
        return HttpResponse()

    @require_jwt
    async def async_view(request: HttpRequest) -> HttpResponse:
        Policy(scopes="b").check(request.token)
        return HttpResponse()

    project({"/me": async_view if view is awhoami else sync_view}, MIDDLEWARE=[])
    assert Client().get("/me", headers=issuer.headers()).status_code == 403


def test_what_is_no_view_is_refused_when_decorated() -> None:
    """A scope's name, a method: the message says what to write."""
    with pytest.raises(ConfigurationError, match="options are named"):
        require_jwt("orders:read")  # type: ignore[call-overload]

    with pytest.raises(ConfigurationError, match=r"Orders\.get: use @method_decorator"):

        class Orders(View):
            @require_jwt
            def get(self, request: HttpRequest) -> HttpResponse: ...
