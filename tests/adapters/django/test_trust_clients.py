"""``assert_refuses`` and ``with_token`` with the clients of Django REST framework and of Ninja."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import path
from ninja import NinjaAPI
from ninja.testing import TestAsyncClient, TestClient
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from jwks_auth_django.ninja import AsyncJWTBearer, JWTBearer
from jwks_auth_django.rest_framework import HasScopes, JWTAuthentication
from jwks_auth_django.test import aassert_refuses, assert_refuses, trust_fake_issuer, with_token

SETTINGS = {"ISSUER": "https://login.shop.example/", "AUDIENCE": "orders"}
READER: dict[str, Any] = {"scopes": ["orders:read"]}


class Orders(APIView):
    """A view of REST framework's."""

    authentication_classes: Any = [JWTAuthentication]
    permission_classes: Any = [HasScopes("orders:read")]

    def get(self, request: Any) -> Response:
        """Who orders."""
        return Response({"sub": request.auth.subject})


class Open(APIView):
    """A view that forgot its guard."""

    authentication_classes: Any = []

    def get(self, request: Any) -> Response:
        """Anybody's."""
        return Response({})


urlpatterns = [path("orders", Orders.as_view()), path("open", Open.as_view())]

api = NinjaAPI(urls_namespace="trusting")


@api.get("/orders", auth=JWTBearer(scopes="orders:read"))
def orders(request: Any) -> dict[str, Any]:
    """Who orders."""
    return {"sub": request.auth.subject}


@api.get("/later", auth=AsyncJWTBearer(scopes="orders:read"))
async def later(request: Any) -> dict[str, Any]:
    """Who orders."""
    return {"sub": request.auth.subject}


@override_settings(ROOT_URLCONF=__name__, JWKS_AUTH=SETTINGS)
def test_rest_framework() -> None:
    """Its own client, on a guarded view and on an open one."""
    with trust_fake_issuer():
        assert_refuses(APIClient(), "/orders", **READER)
        assert with_token(APIClient(), sub="u1", **READER).get("/orders").data == {"sub": "u1"}
        with pytest.raises(AssertionError, match="are not refused"):
            assert_refuses(APIClient(), "/open")


@override_settings(ROOT_URLCONF=__name__, JWKS_AUTH={**SETTINGS, "TOKEN_SOURCES": ["cookie:at"]})
def test_tokens_in_a_cookie_stand_beside_the_clients_own() -> None:
    """Each hostile one too."""
    with trust_fake_issuer():
        client = Client()
        client.cookies["theme"] = "dark"
        assert_refuses(client, "/orders", **READER)
        assert client.cookies["theme"].value == "dark"
        assert "at" not in client.cookies


@override_settings(JWKS_AUTH=SETTINGS)
def test_ninja() -> None:
    """Its own client."""
    with trust_fake_issuer():
        client = TestClient(api)
        assert_refuses(client, "/orders", **READER)
        assert with_token(client, sub="u1", **READER).get("/orders").json() == {"sub": "u1"}


@override_settings(JWKS_AUTH=SETTINGS)
async def test_ninja_on_an_event_loop() -> None:
    """Its async client."""
    with trust_fake_issuer():
        client = TestAsyncClient(api)
        await aassert_refuses(client, "/later", **READER)
        assert (await with_token(client, sub="u1", **READER).get("/later")).json() == {"sub": "u1"}
