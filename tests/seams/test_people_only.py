"""Routes for people: a service's token is verified, and still not let in; in every framework, sync and async."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.http import JsonResponse
from django.test import AsyncClient, override_settings
from django.urls import path
from fastapi import Depends, FastAPI
from flask import Flask
from ninja import NinjaAPI
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from jwks_auth import Policy
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt as in_django
from jwks_auth_django.ninja import AsyncJWTBearer
from jwks_auth_django.rest_framework import HasScopes, IsPerson, JWTAuthentication
from jwks_auth_fastapi import JWTBearer
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend
from jwks_auth_fastapi.starlette import require_jwt as in_starlette
from jwks_auth_flask import JWKSAuth
from jwks_auth_flask import require_jwt as in_flask

SERVICES = {
    "the client's name": {"sub": "app", "client_id": "app"},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "Keycloak": {"sub": "f:1", "client_id": "app", "preferred_username": "service-account-app"},
}


@in_django(person=True)
def plain(request: Any) -> JsonResponse:
    """A view."""
    return JsonResponse({})


@in_django(person=True)
async def on_a_loop(request: Any) -> JsonResponse:
    """An async view."""
    return JsonResponse({})


class Listed(APIView):
    """For people, by DRF's permissions."""

    authentication_classes = [JWTAuthentication]
    permission_classes: Any = [IsPerson]

    def get(self, request: Any) -> Response:
        """A view."""
        return Response({})


class Services(Listed):
    """For services with a scope."""

    permission_classes = [~IsPerson & HasScopes("sync")]


class Open(Listed):
    """For everybody: the control of the control."""

    permission_classes = [AllowAny]


api = NinjaAPI(urls_namespace="people only")


@api.get("", auth=AsyncJWTBearer(person=True))
async def ninjas(request: Any) -> dict[str, Any]:
    """An operation of Ninja's."""
    return {}


urlpatterns = [
    path("plain", plain),
    path("loop", on_a_loop),
    path("drf", Listed.as_view()),
    path("services", Services.as_view()),
    path("open", Open.as_view()),
    path("ninja/", api.urls),
]


@contextmanager
def django(issuer: FakeIssuer) -> Iterator[None]:
    """This module's URLs."""
    with override_settings(JWKS_AUTH=issuer.settings(), ROOT_URLCONF=__name__):
        yield


@pytest.mark.parametrize("claims", SERVICES.values(), ids=SERVICES)
@pytest.mark.parametrize("route", ["/plain", "/loop", "/drf", "/ninja/"])
async def test_a_service_on_a_route_for_people_in_django(route: str, claims: dict[str, Any]) -> None:
    """403 with a challenge; a person passes."""
    issuer = FakeIssuer()
    with django(issuer):
        person = await AsyncClient().get(route, headers=issuer.headers(sub="u1"))
        service = await AsyncClient().get(route, headers=issuer.headers(**claims))
    assert (person.status_code, service.status_code) == (200, 403)
    assert 'error="insufficient_scope"' in service["WWW-Authenticate"]


async def test_drfs_permission_can_be_negated() -> None:
    """``~IsPerson & HasScopes("sync")``: a service with the scope, and nobody else."""
    issuer = FakeIssuer()
    sent = {
        200: issuer.headers(sub="", scope="sync"),
        403: issuer.headers(sub="u1", scope="sync"),
        401: {},
    }
    with django(issuer):
        for status, headers in sent.items():
            assert (await AsyncClient().get("/services", headers=headers)).status_code == status
        assert (await AsyncClient().get("/drf")).status_code == 401
        assert (await AsyncClient().get("/open")).status_code == 200


def flask_client(issuer: FakeIssuer) -> Any:
    """Flask."""
    app = Flask(__name__)
    app.config.update(issuer.settings(prefix="JWKS_AUTH_"))
    JWKSAuth(app)
    app.add_url_rule("/", view_func=in_flask(person=True)(lambda: {}))
    return app.test_client()


def fastapi_client(issuer: FakeIssuer) -> Any:
    """FastAPI."""
    auth = JWTBearer(issuer.settings())
    app = FastAPI()
    app.add_api_route("/", lambda: {}, dependencies=[Depends(auth.requires(Policy(person=True)))])
    return TestClient(app)


def starlette_client(issuer: FakeIssuer) -> Any:
    """Starlette."""
    backend = JWTAuthenticationBackend(issuer.settings())

    @in_starlette(person=True)
    async def view(request: Any) -> JSONResponse:
        return JSONResponse({})

    around = Middleware(AuthenticationMiddleware, backend=backend, on_error=backend.on_error)
    return TestClient(Starlette(routes=[Route("/", view)], middleware=[around]))


@pytest.mark.parametrize("claims", SERVICES.values(), ids=SERVICES)
@pytest.mark.parametrize("client_of", [flask_client, fastapi_client, starlette_client])
def test_a_service_on_a_route_for_people(client_of: Any, claims: dict[str, Any]) -> None:
    """403 with a challenge; a person passes."""
    issuer = FakeIssuer()
    client = client_of(issuer)
    person, service = (client.get("/", headers=issuer.headers(**each)) for each in ({"sub": "u1"}, claims))
    assert (person.status_code, service.status_code) == (200, 403)
    assert 'error="insufficient_scope"' in service.headers["WWW-Authenticate"]
