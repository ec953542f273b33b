"""The test clients and fixtures: a project's own settings, real verification, a test's keys."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, JsonResponse
from django.test import AsyncRequestFactory, RequestFactory, SimpleTestCase, override_settings
from django.urls import path

from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.test import AsyncJWTClient, JWTClient, trust_fake_issuer
from jwks_auth_django.undoing import writes as may_write

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


STRICT = override_settings(
    JWKS_AUTH={"ISSUER": "https://id.acme.dev/", "AUDIENCE": "strict", "LEEWAY": 0, "REALM": "strict"}
)


@URLS
@trust_fake_issuer(REALM="a class's own")
@STRICT
class StackedTest(SimpleTestCase):
    """Settings from three decorators, the last one's over the others'."""

    client_class = JWTClient

    def told(self, **claims: Any) -> tuple[int, str]:
        """Status and challenge of a reader's request."""
        answer = self.client.with_token(scopes=["orders:read"], **claims).get("/orders")
        return answer.status_code, answer.headers.get("WWW-Authenticate", "").partition(",")[0]

    def test_all_of_them_hold(self) -> None:
        """The issuer's name and the leeway of one, the realm of the other."""
        assert (
            self.client.with_token(scopes=["orders:read"]).get("/orders").json()["iss"]
            == "https://id.acme.dev/"
        )
        assert self.told(exp=time.time() - 5) == (401, 'Bearer realm="a class\'s own"')

    @trust_fake_issuer(LEEWAY=60)
    def test_a_method_has_its_own(self) -> None:
        """Over those of the class."""
        assert self.told(exp=time.time() - 5)[0] == 200
        assert self.told(exp=time.time() - 90) == (401, 'Bearer realm="a class\'s own"')

    def test_override_settings_within(self) -> None:
        """With the settings of now as its base, as Django's settings are extended."""
        with self.settings(JWKS_AUTH={**settings.JWKS_AUTH, "LEEWAY": 60}):
            assert self.told(exp=time.time() - 5)[0] == 200
        assert self.told(exp=time.time() - 5)[0] == 401


class InheritedTest(StackedTest):
    """A class that was decorated by inheritance."""


def test_settings_stack_around_a_fixture(fake_issuer: FakeIssuer, jwt_client: JWTClient) -> None:
    """Within the trust of a fixture another changes settings, and keeps the fixture's issuer."""
    late = {"scopes": ["orders:read"], "exp": time.time() - 5}
    with URLS:
        with trust_fake_issuer(LEEWAY=0) as issuer:
            assert issuer is fake_issuer
            assert jwt_client.with_token(**late).get("/orders").status_code == 401
        with trust_fake_issuer(AUDIENCE="other", ISSUER="https://other.example/") as other:
            assert other.issuer == "https://other.example/"
            reader = jwt_client.with_token(scopes=["orders:read"])
            assert reader.get("/orders").json()["iss"] == "https://other.example/"
        assert jwt_client.with_token(**late).get("/orders").status_code == 200


def test_a_setting_that_is_none_is_told() -> None:
    """As in the project's settings."""
    with URLS, trust_fake_issuer(LEWAY=0), pytest.raises(ImproperlyConfigured, match="LEEWAY"):
        JWTClient().get("/orders")


def test_a_request_without_middleware_has_no_token() -> None:
    """One of a RequestFactory, for a view that is called by itself: as behind the middleware without a token."""
    for factory in (RequestFactory(), AsyncRequestFactory()):
        assert factory.get("/").token is None


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


@pytest.fixture
def no_row_is_left(schema: None) -> Iterator[None]:
    """Fails after a test that leaves a row behind."""
    yield
    from django.contrib.auth.models import User
    from django.db import connections

    from jwks_auth_django.models import JWTIdentity

    left = (User.objects.count(), JWTIdentity.objects.count())
    connections.close_all()
    assert left == (0, 0)


@pytest.fixture
def accounts_in_a_database(no_row_is_left: None, project: Any) -> None:
    """A project that makes accounts."""
    project({"/orders": orders}, USER={"STORE": "database"})


async def test_an_async_fixture_leaves_no_rows(
    accounts_in_a_database: None, async_jwt_client: AsyncJWTClient
) -> None:
    """The account that a request makes is there for the test, and gone after it."""
    from django.contrib.auth.models import User

    for _ in range(2):
        client = async_jwt_client.with_token(sub="u1", scopes=["orders:read"])
        assert (await client.get("/orders")).status_code == 200
    assert await User.objects.acount() == 1


class Asked(SimpleNamespace):
    """A request for a fixture, as pytest-django's users make it: these fixtures, and perhaps its mark."""

    def __init__(self, *fixtures: str, mark: dict[str, Any] | None = None, plugin: bool = True) -> None:
        super().__init__(fixturenames=fixtures, made=[])
        self.config = SimpleNamespace(pluginmanager=SimpleNamespace(has_plugin=lambda name: plugin))
        found = None if mark is None else SimpleNamespace(kwargs=mark)
        self.node = SimpleNamespace(get_closest_marker=lambda name: found)

    def getfixturevalue(self, name: str) -> None:
        """Note that the fixture is made."""
        self.made.append(name)


@pytest.mark.parametrize(
    ("asked", "writes"),
    [
        (Asked("db"), True),
        (Asked(mark={}), True),
        (Asked(mark={"transaction": True}), False),
        (Asked("transactional_db"), False),
        (Asked(), False),
        (Asked(plugin=False), False),
    ],
    ids=["db", "marked", "marked as transactional", "transactional", "no database", "another plugin"],
)
def test_a_transaction_is_held_only_where_rows_would_stay(project: Any, asked: Asked, writes: bool) -> None:
    """Beside pytest-django, whose own transaction is another thread's, and ends after ours."""
    project()
    request: Any = asked
    assert may_write(request) is writes
    assert asked.made == [name for name in asked.fixturenames if name == "db"]


@pytest.mark.parametrize("source", ["header", "header:X-Token", "cookie:session"])
async def test_a_token_stands_where_the_settings_say(source: str) -> None:
    """In the first source; cookies of the client's own stay beside it."""
    mine = {"ISSUER": "https://acme.eu.auth0.com/", "AUDIENCE": "api", "TOKEN_SOURCES": [source]}
    with URLS, override_settings(JWKS_AUTH=mine), trust_fake_issuer():
        for client in (JWTClient(), AsyncJWTClient()):
            client.cookies["other"] = "x"
            answered = client.with_token(scopes=["orders:read"]).get("/orders")
            response = answered if isinstance(client, JWTClient) else await answered
            assert response.status_code == 200
        assert JWTClient().get("/orders").status_code == 401
