"""The test clients and fixtures: a project's own settings, real verification, a test's keys."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, JsonResponse
from django.test import SimpleTestCase, override_settings
from django.urls import path

from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.test import AsyncJWTClient, JWTClient, trust_fake_issuer

pytest_plugins = ["jwks_auth_django.pytest_plugin"]


@require_jwt(scopes="orders:read")
def orders(request: HttpRequest) -> JsonResponse:
    """Who orders."""
    return JsonResponse({"sub": request.token.subject, "iss": request.token.issuer})


urlpatterns = [path("orders", orders)]
URLS = override_settings(ROOT_URLCONF=__name__)


@URLS
@trust_fake_issuer()
class OrdersTest(SimpleTestCase):
    """As a project writes it."""

    client_class = JWTClient
    async_client_class = AsyncJWTClient

    def test_orders(self) -> None:
        """A token of one's own making, verified for real."""
        client = self.client.with_token(sub="u1", scopes=["orders:read"])
        assert client.get("/orders").json() == {"sub": "u1", "iss": "https://issuer.example/"}

    def test_refusals(self) -> None:
        """No token, too little in it, or one for another audience."""
        assert self.client.get("/orders").status_code == 401
        assert self.client.with_token(sub="u1").get("/orders").status_code == 403
        elsewhere = self.client.with_token(aud="elsewhere", scopes=["orders:read"])
        assert elsewhere.get("/orders").status_code == 401

    async def test_async(self) -> None:
        """The async client."""
        client = self.async_client.with_token(sub="u1", scopes=["orders:read"])
        assert (await client.get("/orders")).status_code == 200


def test_pytest_fixtures(jwt_client: JWTClient, fake_issuer: FakeIssuer) -> None:
    """The same for pytest."""
    with URLS:
        reader = jwt_client.with_token(sub="u1", scopes=["orders:read"])
        assert reader.get("/orders").status_code == 200
        kid = fake_issuer.kid
        fake_issuer.rotate()
        fake_issuer.withdraw(kid)
        assert jwt_client.with_token(scopes=["orders:read"]).get("/orders").status_code == 200


async def test_async_pytest_fixture(async_jwt_client: AsyncJWTClient) -> None:
    """The async client's fixture."""
    with URLS:
        response = await async_jwt_client.with_token(scopes=["orders:read"]).get("/orders")
    assert response.status_code == 200


def test_the_projects_settings_stay() -> None:
    """Audience, issuer, header and all the rest are what is tested; only the keys are not the provider's."""
    mine = {
        "ISSUER": "https://acme.eu.auth0.com/",
        "AUDIENCE": ["https://api.acme.dev", "other"],
        "ALGORITHMS": ["ES256"],
        "JWKS_URI": "https://acme.eu.auth0.com/jwks",
        "TOKEN_SOURCES": ["header:X-Token"],
    }
    with URLS, override_settings(JWKS_AUTH=mine), trust_fake_issuer():
        client = JWTClient().with_token(scopes=["orders:read"])
        assert client.get("/orders").json()["iss"] == "https://acme.eu.auth0.com/"
        assert client.get("/orders", headers={"X-Token": "Bearer nonsense"}).status_code == 401


def test_an_issuer_of_ones_own() -> None:
    """To rotate its keys, or to take it down."""
    issuer = FakeIssuer(algorithms=["ES256"])
    with URLS, trust_fake_issuer(issuer) as trusted:
        assert trusted is issuer
        client = JWTClient().with_token(scopes=["orders:read"])
        with issuer.outage():
            assert client.get("/orders").status_code == 503


def test_without_trust_it_says_what_to_write(project: Any) -> None:
    """A client alone can't make tokens that the settings accept."""
    with pytest.raises(ImproperlyConfigured, match=r"trust_fake_issuer\(\)"):
        JWTClient().with_token()


@pytest.mark.parametrize(
    ("given", "issuer"),
    [
        ({"PROVIDER": "google-iap", "AUDIENCE": "/projects/1/apps/acme"}, "https://cloud.google.com/iap"),
        ({"PROVIDER": "okta", "ISSUER": "https://a.okta.com/oauth2/b"}, "https://a.okta.com/oauth2/b"),
        (
            {"PROVIDER": "entra-multitenant", "TENANTS": "aaaabbbb-0000-cccc-1111-dddd2222eeee"},
            "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0",
        ),
    ],
)
def test_a_providers_issuer_is_played(given: dict[str, Any], issuer: str) -> None:
    """Also where its name is not among the settings; tokens have what the provider's have."""
    given = {"AUDIENCE": "api", **given, "ALGORITHMS": ["RS256"]}
    with URLS, override_settings(JWKS_AUTH=given), trust_fake_issuer() as fake:
        assert fake.issuer == issuer
        reader = JWTClient().with_token(azp="web", cid="web", scopes=["orders:read"], scp=["orders:read"])
        assert reader.get("/orders").json() == {"sub": "user", "iss": issuer}
