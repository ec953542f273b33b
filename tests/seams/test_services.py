"""Services in a user table: the identity decides first, and looking like a service gains nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.conf import configuration
from jwks_auth_django.models import JWTIdentity

pytestmark = pytest.mark.usefixtures("database")

KEYCLOAK = {"sub": "f:1", "client_id": "shop", "preferred_username": "service-account-shop"}
CLIENT = {"sub": "shop", "client_id": "shop"}
AUTH0 = {"sub": "shop@clients", "client_id": "shop", "gty": "client-credentials"}
ENTRA = {"sub": "o1", "oid": "o1", "azp": "shop"}
WITH_SUBJECT = {"Keycloak's name": KEYCLOAK, "the client's name": CLIENT, "Auth0": AUTH0, "Entra": ENTRA}
CLOUDFLARE = {"sub": "", "client_id": None, "common_name": "a.access"}
NO_SUBJECT = {"no subject": {"sub": None}, "an empty subject": CLOUDFLARE}
EVERY_ONE = {**WITH_SUBJECT, **NO_SUBJECT}

each_with_subject = pytest.mark.parametrize("claims", WITH_SUBJECT.values(), ids=WITH_SUBJECT)
each = pytest.mark.parametrize("claims", EVERY_ONE.values(), ids=EVERY_ONE)
Claims = dict[str, Any]


@require_jwt
def orders(request: HttpRequest) -> JsonResponse:
    """The everyday query."""
    mine = LogEntry.objects.filter(user=request.user)
    return JsonResponse({"count": mine.count(), "user": request.user.pk})


@require_jwt
async def orders_async(request: HttpRequest) -> JsonResponse:
    """The same on an event loop."""
    user = await request.auser()
    return JsonResponse({"count": await LogEntry.objects.filter(user=user).acount(), "user": user.pk})


def kind(request: HttpRequest) -> JsonResponse:
    """Who it is."""
    return JsonResponse({"class": type(request.user).__name__})


urlpatterns = [path("sync", orders), path("async", orders_async), path("kind", require_jwt(kind))]


class Site:
    """This module's routes with these options of the database store."""

    def __init__(self, issuer: FakeIssuer, options: dict[str, Any]) -> None:
        self.issuer = issuer
        settings = {**issuer.settings(), "USER": {"STORE": "database", **options}}
        self.settings = override_settings(JWKS_AUTH=settings, ROOT_URLCONF=__name__)

    async def statuses(self, claims: Claims) -> set[int]:
        """What sync and async views answer, in sync and async stacks."""
        headers = self.issuer.headers(**claims)
        found = set()
        with self.settings:
            for route in ("/sync", "/async"):
                found.add(
                    (await AsyncClient(raise_request_exception=False).get(route, headers=headers)).status_code
                )
        return found

    def status(self, claims: Claims) -> int:
        """What a sync view answers in a sync stack."""
        with self.settings:
            client = Client(raise_request_exception=False)
            return client.get("/sync", headers=self.issuer.headers(**claims)).status_code


@pytest.fixture
def site(issuer: FakeIssuer) -> Any:
    """``site(SERVICES="token")``."""
    return lambda **options: Site(issuer, options)


async def link(issuer: FakeIssuer, claims: Claims, **fields: Any) -> User:
    """An account with the identity of a token with these claims."""
    user = await User.objects.acreate(username="known", **fields)
    await JWTIdentity.objects.acreate(issuer=issuer.issuer, subject=claims["sub"], user=user)
    return user


@each_with_subject
@pytest.mark.parametrize("services", ["refuse", "token", "create"])
async def test_a_banned_account_that_looks_like_a_service(
    site: Any, issuer: FakeIssuer, claims: Claims, services: str
) -> None:
    """``is_active`` is honoured whatever the token looks like; the same account gets in while it is active."""
    user = await link(issuer, claims)
    assert await site(SERVICES=services).statuses(claims) == {200}
    user.is_active = False
    await user.asave()
    assert await site(SERVICES=services).statuses(claims) == {401}
    assert await User.objects.acount() == 1


@each
async def test_an_unknown_service(site: Any, claims: Claims) -> None:
    """By default 403 and never 500, with CREATE or without; a person passes as before."""
    for create in (True, False):
        assert await site(CREATE=create).statuses(claims) == {403}
    assert await User.objects.acount() == 0
    assert await site().statuses({"sub": "u1"}) == {200}


@each
def test_an_unknown_service_sync(site: Any, claims: Claims) -> None:
    """The same in a sync stack."""
    assert (site().status(claims), site().status({"sub": "u1"})) == (403, 200)


async def test_the_refusal_says_why(site: Any, issuer: FakeIssuer) -> None:
    """A code and a text of its own, and no scope to ask for."""
    found = site()
    with found.settings:
        answer = await AsyncClient().get("/async", headers=issuer.headers(**CLIENT))
    assert answer.json() == {"error": "service_refused", "error_description": "Services may not sign in here"}
    assert "scope=" not in answer["WWW-Authenticate"]


@pytest.mark.parametrize("services", ["token", "create"])
async def test_an_unknown_person_with_keycloaks_name_for_a_service(site: Any, services: str) -> None:
    """Who registers as ``service-account-shop`` gets nothing that ``CREATE: False`` withholds; a service does."""
    closed = site(SERVICES=services, CREATE=False)
    assert await closed.statuses({"sub": "u1"}) == {401}
    assert await closed.statuses(KEYCLOAK) == {401}
    assert await User.objects.acount() == 0
    with closed.settings:
        answer = await AsyncClient().get("/kind", headers=closed.issuer.headers(**AUTH0))
    assert (answer.status_code, await User.objects.acount()) == (200, services == "create")


@each
async def test_services_as_tokens(site: Any, claims: Claims) -> None:
    """``SERVICES: "token"``: a stateless user for views that know it; people still have rows."""
    found = site(SERVICES="token")
    with found.settings:
        answer = await AsyncClient().get("/kind", headers=found.issuer.headers(**claims))
    assert answer.json() == {"class": "TokenUser"}
    assert await User.objects.acount() == 0
    assert await found.statuses({"sub": "u1"}) == {200}
    assert await User.objects.acount() == 1


def test_services_as_tokens_sync(site: Any) -> None:
    """The same in a sync stack."""
    found = site(SERVICES="token")
    with found.settings:
        answer = Client().get("/kind", headers=found.issuer.headers(**CLIENT))
    assert answer.json() == {"class": "TokenUser"}


@each_with_subject
async def test_services_as_rows(site: Any, claims: Claims) -> None:
    """``SERVICES: "create"``: a row like everyone's, made once and flagged."""
    found = site(SERVICES="create")
    assert await found.statuses(claims) == {200}
    assert await found.statuses({"sub": "u1"}) == {200}
    flags = {row.subject: row.is_service async for row in JWTIdentity.objects.all()}
    assert flags == {claims["sub"]: True, "u1": False}


@pytest.mark.parametrize("claims", NO_SUBJECT.values(), ids=NO_SUBJECT)
async def test_services_without_a_subject_share_no_row(site: Any, claims: Claims) -> None:
    """There is nothing to name a row by: 403."""
    await JWTIdentity.objects.acreate(
        issuer=FakeIssuer().issuer, subject="", user=await User.objects.acreate(username="nobody")
    )
    assert await site(SERVICES="create").statuses(claims) == {403}
    assert await User.objects.acount() == 1


async def test_a_service_with_a_persons_address(site: Any) -> None:
    """It is never matched to the person's account; the person is."""
    known = await User.objects.acreate(username="ada", email="ada@example.org")
    claims = {"email": "ada@example.org", "email_verified": True}
    found = site(SERVICES="create", MATCH_EMAIL=True)
    assert await found.statuses({**AUTH0, **claims}) == {200}
    assert not await JWTIdentity.objects.filter(user=known).aexists()
    assert await found.statuses({"sub": "u1", **claims}) == {200}
    assert (await JWTIdentity.objects.aget(user=known)).subject == "u1"


def test_services_where_tokens_are_users(issuer: FakeIssuer) -> None:
    """``STORE: "token"`` lets them in unless told otherwise; it has no rows to create."""
    outcomes = {}
    for services in (None, "token", "refuse"):
        options = {} if services is None else {"SERVICES": services}
        with override_settings(JWKS_AUTH={**issuer.settings(), "USER": options}, ROOT_URLCONF=__name__):
            answers = [
                Client().get("/kind", headers=issuer.headers(**each)) for each in (CLIENT, {"sub": "u1"})
            ]
        outcomes[services] = [answer.status_code for answer in answers]
    assert outcomes == {None: [200, 200], "token": [200, 200], "refuse": [403, 200]}
    with (
        override_settings(JWKS_AUTH={**issuer.settings(), "USER": {"SERVICES": "create"}}),
        pytest.raises(ImproperlyConfigured, match="SERVICES"),
    ):
        configuration()
