"""Django Ninja: what is Ninja's own; statuses and challenges are in the contract."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from asgiref.sync import markcoroutinefunction, sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI, Router
from ninja.errors import HttpError
from ninja.security import django_auth
from ninja.testing import TestAsyncClient as NinjaTestAsyncClient
from ninja.testing import TestClient as NinjaTestClient

from jwks_auth import ConfigurationError
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.ninja import AsyncJWTBearer, JWTBearer, TokenRefused, answer_refusals
from jwks_auth_django.signals import token_verified

BAD = {"Authorization": "Bearer nonsense"}


def who(request: HttpRequest) -> dict[str, Any]:
    """Who it is."""
    return {"user": str(request.user), "auth": request.auth.subject}


async def awho(request: HttpRequest) -> dict[str, Any]:
    """Who it is, asked in an async view."""
    return {"user": str(await request.auser()), "auth": request.auth.subject}


@pytest.fixture
def api() -> NinjaAPI:
    """An API with nothing in it."""
    return NinjaAPI(urls_namespace="test")


@pytest.mark.parametrize("middleware", [[], ["jwks_auth_django.middleware.JWTAuthenticationMiddleware"]])
@pytest.mark.parametrize(("bearer", "view"), [(JWTBearer, who), (JWTBearer, awho), (AsyncJWTBearer, who)])
def test_user_and_auth(
    project: Any, issuer: FakeIssuer, api: NinjaAPI, bearer: Any, view: Any, middleware: list[str]
) -> None:
    """request.auth is the token and request.user its user, verified once with the middleware too."""
    told: list[Any] = []

    def listen(**kwargs: Any) -> None:
        told.append(kwargs)

    token_verified.connect(listen)
    api.get("/me", auth=bearer())(view)
    project({"/": api.urls}, MIDDLEWARE=middleware)
    response = Client().get("/me", headers=issuer.headers(sub="u1"))
    token_verified.disconnect(listen)
    assert response.json() == {"user": "u1", "auth": "u1"}
    assert len(told) == 1


async def test_one_bearer_serves_sync_and_async_operations(
    project: Any, issuer: FakeIssuer, api: NinjaAPI
) -> None:
    """The same object, on both handlers; async operations need no thread."""
    bearer, threads = JWTBearer(scopes="a"), set()

    async def record(**kwargs: Any) -> None:
        threads.add(threading.get_ident())

    api.get("/async", auth=bearer)(awho)
    api.get("/sync", auth=bearer)(who)
    api.post("/async", auth=bearer)(who)  # beside an async one, at the same path
    project({"/": api.urls}, MIDDLEWARE=[])
    for method, path in (("get", "/async"), ("get", "/sync"), ("post", "/async")):
        for call in (getattr(AsyncClient(), method), sync_to_async(getattr(Client(), method))):
            assert (await call(path, headers=issuer.headers(scope="a"))).status_code == 200
            response = await call(path, headers=issuer.headers())
            assert (response.status_code, 'scope="a"' in response["WWW-Authenticate"]) == (403, True)
    token_verified.connect(record)
    await AsyncClient().get("/async", headers=issuer.headers(scope="a"))
    token_verified.disconnect(record)
    assert threads == {threading.get_ident()}


async def test_an_operation_that_is_hidden_from_us(project: Any, issuer: FakeIssuer, api: NinjaAPI) -> None:
    """Ninja's operation can't be found behind a foreign callable; sync and async are still told apart."""
    api.get("/async", auth=JWTBearer())(awho)
    api.get("/sync", auth=JWTBearer())(who)
    hidden = {str(p.pattern): p.callback for p in api.urls[0]}
    project({"/async": AsyncHiddenView(hidden["async"]), "/sync": HiddenView(hidden["sync"])}, MIDDLEWARE=[])
    for path in ("/async", "/sync"):
        assert (await AsyncClient().get(path, headers=issuer.headers())).json()["auth"] == "user"
        assert (await AsyncClient().get(path)).status_code == 401


@pytest.mark.parametrize("place", ["api", "router", "operation"])
def test_wherever_it_is_given(project: Any, issuer: FakeIssuer, place: str) -> None:
    """On the API, a router or an operation: the challenge is there without any more to set up."""
    auth = {place: JWTBearer()}
    api = NinjaAPI(urls_namespace="test", **({"auth": auth["api"]} if place == "api" else {}))
    router = Router(**({"auth": auth["router"]} if place == "router" else {}))
    router.get("/me", **({"auth": auth["operation"]} if place == "operation" else {}))(who)
    api.add_router("/", router)
    project({"/": api.urls}, MIDDLEWARE=[])
    assert Client().get("/me", headers=issuer.headers()).status_code == 200
    assert Client().get("/me")["WWW-Authenticate"] == 'Bearer realm="api"'
    refused = Client().get("/me", headers=BAD)
    assert (refused.status_code, "invalid_token" in refused["WWW-Authenticate"]) == (401, True)


@pytest.mark.parametrize("bearer", [JWTBearer, AsyncJWTBearer])
def test_in_a_list_of_several(project: Any, issuer: FakeIssuer, api: NinjaAPI, bearer: Any) -> None:
    """Nothing sent: the next is asked. A bad token: refused, whatever the next would say."""

    def anybody(request: HttpRequest) -> Any:
        return AnonymousUser()

    def view(request: HttpRequest) -> dict[str, Any]:
        return {"auth": str(request.auth)}

    api.get("/optional", auth=[bearer(), anybody])(view)
    api.get("/either", auth=[bearer(), django_auth])(view)
    project({"/": api.urls})
    assert Client().get("/optional").json() == {"auth": "AnonymousUser"}
    assert Client().get("/optional", headers=BAD).status_code == 401
    assert Client().get("/either").status_code == 401
    assert Client().get("/either", headers=issuer.headers()).status_code == 200


def test_optional_says_what_to_write() -> None:
    """Ninja's own way is a list."""
    with pytest.raises(ConfigurationError, match=r"auth=\[JWTBearer"):
        JWTBearer(optional=True)


def test_outage_is_503(project: Any, issuer: FakeIssuer, api: NinjaAPI) -> None:
    """With Retry-After, in Ninja's shape."""
    api.get("/me", auth=JWTBearer())(who)
    project({"/": api.urls}, MIDDLEWARE=[])
    with issuer.outage():
        response = Client().get("/me", headers=issuer.headers())
    assert (response.status_code, response.has_header("Retry-After")) == (503, True)
    assert response.json() == {"detail": "The access token can't be verified at the moment"}


def test_a_projects_own_shape_is_kept(project: Any, api: NinjaAPI) -> None:
    """An API's handler for Ninja's HttpError shapes our refusals too; the headers are added."""

    @api.exception_handler(HttpError)
    def shaped(request: HttpRequest, error: Any) -> HttpResponse:
        return api.create_response(request, {"problem": str(error)}, status=error.status_code)

    api.get("/me", auth=JWTBearer())(who)
    project({"/": api.urls}, MIDDLEWARE=[])
    response = Client().get("/me")
    assert response.json() == {"problem": "Authentication is required"}
    assert response.has_header("WWW-Authenticate")


def test_a_view_wrapped_in_another(project: Any, issuer: FakeIssuer, api: NinjaAPI) -> None:
    """A decorator around Ninja's view hides nothing; where one does, answer_refusals() is told by hand."""
    api.get("/me", auth=JWTBearer())(who)
    view = next(p.callback for p in api.urls[0] if str(p.pattern) == "me")
    project({"/wrapped": csrf_exempt(view)}, MIDDLEWARE=[])
    assert Client().get("/wrapped").has_header("WWW-Authenticate")
    assert Client().get("/wrapped", headers=issuer.headers()).status_code == 200
    other = NinjaAPI(urls_namespace="other")
    other.get("/me", auth=JWTBearer())(who)
    view = next(p.callback for p in other.urls[0] if str(p.pattern) == "me")
    project({"/hidden": HiddenView(view)}, MIDDLEWARE=[])
    response = Client().get("/hidden")
    assert (response.status_code, response.has_header("WWW-Authenticate")) == (401, False)
    answer_refusals(other)
    assert Client().get("/hidden").has_header("WWW-Authenticate")


class AsyncHiddenView:
    """As :class:`HiddenView`, to be awaited."""

    csrf_exempt = True

    def __init__(self, view: Any) -> None:
        self._view = view
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass it on."""
        response: HttpResponse = await self._view(request)
        return response


class HiddenView:
    """A callable that shows nothing of the view it calls."""

    csrf_exempt = True

    def __init__(self, view: Any) -> None:
        self._view = view

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass it on."""
        response: HttpResponse = self._view(request)
        return response


def test_refusals_are_http_errors() -> None:
    """Ninja's own class, so a project's handlers know them."""
    assert issubclass(TokenRefused, HttpError)


def test_caches_are_told_of_refusals(project: Any, api: NinjaAPI) -> None:
    """They vary with the header, without the middleware too."""
    api.get("/me", auth=JWTBearer())(who)
    project({"/": api.urls}, MIDDLEWARE=[])
    assert Client().get("/me", headers=BAD)["Vary"] == Client().get("/me")["Vary"] == "Authorization"


def test_with_ninjas_own_client(project: Any, issuer: FakeIssuer, api: NinjaAPI) -> None:
    """It makes a request without a handler, and needs the header's name in capitals."""
    api.get("/me", auth=JWTBearer())(who)
    project({}, MIDDLEWARE=[])
    client = NinjaTestClient(api)
    assert client.get("/me", headers=in_capitals(issuer)).json() == {"user": "u1", "auth": "u1"}
    assert client.get("/me").status_code == 401


async def test_with_ninjas_own_async_client(project: Any, issuer: FakeIssuer, api: NinjaAPI) -> None:
    """The same, awaited."""
    api.get("/me", auth=JWTBearer())(awho)
    project({}, MIDDLEWARE=[])
    client = NinjaTestAsyncClient(api)
    answer = await client.get("/me", headers=in_capitals(issuer))
    assert answer.json() == {"user": "u1", "auth": "u1"}
    assert (await client.get("/me")).status_code == 401


def in_capitals(issuer: FakeIssuer) -> dict[str, str]:
    """The header of a token, for clients that make ``META`` of names as they are."""
    return {name.upper(): value for name, value in issuer.headers(sub="u1").items()}
