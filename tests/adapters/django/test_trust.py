"""``trust_fake_issuer`` over projects that trust more than one issuer by its name, and the kit's other words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client, SimpleTestCase, override_settings
from django.urls import path

from jwks_auth import ConfigurationError, Issuer, Tenants, TokenVerifier
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import public, require_jwt
from jwks_auth_django.test import (
    JWTClient,
    aassert_refuses,
    assert_protected,
    assert_refuses,
    fake_issuer,
    trust_fake_issuer,
    with_token,
)

NAME = "https://login.shop.example/"
READER = {"sub": "u1", "scopes": ["orders:read"]}


@require_jwt(scopes="orders:read")
def orders(request: HttpRequest) -> JsonResponse:
    """Who orders."""
    return JsonResponse({"sub": request.token.subject})


def forgotten(request: HttpRequest) -> JsonResponse:
    """A view without a guard."""
    return JsonResponse({})


def health(request: HttpRequest) -> JsonResponse:
    """A view that is open on purpose."""
    return JsonResponse({})


urlpatterns = [path("orders", orders), path("health", public(health))]
OPEN = [*urlpatterns, path("open", forgotten), path("maybe", require_jwt(optional=True)(forgotten))]


class WithOpenRoutes:
    """A URLconf with routes that need no token."""

    urlpatterns = OPEN


@pytest.fixture(autouse=True)
def _urls() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def project(**more: Any) -> Any:
    """A project's settings, as in production."""
    own = {"ISSUER": NAME, "AUDIENCE": "orders", "ALLOW_FAKE_ISSUER": False, **more}
    return override_settings(JWKS_AUTH={name: value for name, value in own.items() if value is not None})


def asked(issuer: FakeIssuer, **claims: Any) -> int:
    """The status of a request with a token of *issuer*."""
    return int(Client().get("/orders", headers=issuer.headers(**claims)).status_code)


def test_several_issuers() -> None:
    """The fake has the keys of each; a token is for the audience of the one that it names."""
    issuers = [NAME, {"ISSUER": "https://b.example/", "AUDIENCE": "b-orders"}, Issuer("https://c.example/")]
    with project(ISSUER=None, ISSUERS=issuers), trust_fake_issuer() as issuer:
        assert (issuer.issuer, fake_issuer()) == (NAME, issuer)
        for name in (NAME, "https://b.example/", "https://c.example/"):
            assert asked(issuer, **READER, iss=name) == 200
        assert asked(issuer, **READER, iss="https://d.example/") == 401
        with trust_fake_issuer(leeway=0) as same:
            assert same is issuer
            assert asked(issuer, **READER, expires_in=-5) == 401
        assert asked(issuer, **READER, expires_in=-5) == 200
        with trust_fake_issuer(ISSUERS=["https://e.example/"]) as other:
            assert other.issuer == "https://e.example/"
            assert asked(other, **READER) == 200
    assert fake_like_settings() == {}


def fake_like_settings() -> dict[str, Any]:
    """Settings that still trust a fake."""
    return {name: value for name, value in settings.JWKS_AUTH.items() if "https://e.example/" in str(value)}


def test_tenants() -> None:
    """The project's own function says who is a tenant; the keys are the fake's."""
    tenants = Tenants(lambda name: Issuer(name) if name.endswith("/acme") else None, hosts=["t.example"])
    with project(ISSUER=None, TENANTS=tenants):
        with trust_fake_issuer() as issuer:
            assert fake_issuer() is issuer
            assert asked(issuer, **READER, iss="https://t.example/acme") == 200
            assert asked(issuer, **READER, iss="https://t.example/evil") == 401
        with trust_fake_issuer(FakeIssuer("https://t.example/acme")) as issuer:
            assert asked(issuer, **READER) == 200


def test_introspection() -> None:
    """Opaque tokens are told of by the fake, without a request."""
    client = {"ID": "shop", "SECRET": "secret"}
    with project(INTROSPECTION="opaque", INTROSPECTION_CLIENT=client), trust_fake_issuer() as issuer:
        headers = {"Authorization": f"Bearer {issuer.opaque(**READER)}"}
        assert Client().get("/orders", headers=headers).json() == {"sub": "u1"}
        assert asked(issuer, **READER) == 200


def test_an_api_with_several_issuers() -> None:
    """An entry of ``APIS`` is as the project's own settings."""
    apis = {"/orders": {"ISSUERS": ["https://b.example/", "https://c.example/"], "AUDIENCE": "b-orders"}}
    with project(APIS=apis), trust_fake_issuer():
        issuer = fake_issuer("/orders")
        assert asked(issuer, **READER, iss="https://c.example/", aud="b-orders") == 200


def test_a_verifier_that_code_made() -> None:
    """It keeps its rules."""
    verifier = TokenVerifier([Issuer(NAME)], "orders", leeway=0)
    with override_settings(JWKS_AUTH={"VERIFIER": verifier}), trust_fake_issuer() as issuer:
        assert fake_issuer() is issuer
        assert asked(issuer, **READER) == 200
        assert asked(issuer, **READER, expires_in=-5) == 401


@trust_fake_issuer(FakeIssuer(NAME), ISSUERS=[NAME, "https://b.example/"], AUDIENCE="orders")
class SeveralTest(SimpleTestCase):
    """As a decorator of a class."""

    client_class = JWTClient

    def test_orders(self) -> None:
        """The class's own issuer, under both names."""
        for name in (NAME, "https://b.example/"):
            assert self.client.with_token(iss=name, **READER).get("/orders").status_code == 200


def test_the_trust_is_the_permission() -> None:
    """Production's ``ALLOW_FAKE_ISSUER=False`` does not stand in a test's way, and is back after it."""
    with project():
        with trust_fake_issuer() as issuer:
            assert asked(issuer, **READER) == 200
        assert settings.JWKS_AUTH["ALLOW_FAKE_ISSUER"] is False
        with trust_fake_issuer(LEEWAY="soon"), pytest.raises(ConfigurationError, match="LEEWAY"):
            asked(issuer, **READER)


def test_assert_refuses() -> None:
    """Every hostile token, with Django's client, and one's own."""
    with project(), trust_fake_issuer():
        assert_refuses(Client(), "/orders", scopes=["orders:read"])
        assert_refuses(JWTClient(), "/orders", scopes=["orders:read"])
        assert with_token(Client(), **READER).get("/orders").json() == {"sub": "u1"}
        assert with_token(JWTClient(), **READER).get("/orders").json() == {"sub": "u1"}
        with pytest.raises(AssertionError, match=r"GET /health: .* are not refused"):
            assert_refuses(Client(), "/health")
        with pytest.raises(TypeError, match="await aassert_refuses"):
            assert_refuses(AsyncClient(), "/orders", scopes=["orders:read"])


async def test_assert_refuses_on_an_event_loop() -> None:
    """The same with the async client."""
    with project(), trust_fake_issuer():
        await aassert_refuses(AsyncClient(), "/orders", scopes=["orders:read"])
        with pytest.raises(AssertionError, match="are not refused"):
            await aassert_refuses(AsyncClient(), "/health")
        client = with_token(AsyncClient(), **READER)
        assert (await client.get("/orders")).json() == {"sub": "u1"}


def test_assert_protected() -> None:
    """It passes a closed project, and names each open route of another."""
    assert_protected()
    with override_settings(ROOT_URLCONF=WithOpenRoutes):
        with pytest.raises(AssertionError, match=r"/open .*/maybe "):
            assert_protected()
        assert_protected(public=["/open", "/maybe"])
        with pytest.raises(AssertionError, match=r"no such routes: .*/gone"):
            assert_protected(public=["/open", "/maybe", "/gone"])
