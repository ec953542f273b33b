"""Ninja's own throttles: each user has a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest
from django.test import Client
from ninja import NinjaAPI
from ninja.throttling import AnonRateThrottle, AuthRateThrottle, UserRateThrottle

from jwks_auth.testing import FakeIssuer
from jwks_auth_django.ninja import JWTBearer


def view(request: HttpRequest) -> dict[str, Any]:
    """Answer."""
    return {}


async def async_view(request: HttpRequest) -> dict[str, Any]:
    """Answer later."""
    return {}


@pytest.fixture
def api() -> Iterator[NinjaAPI]:
    """An API with nothing in it, and a cache without a history."""
    cache.clear()
    yield NinjaAPI(urls_namespace="throttles")
    cache.clear()


@pytest.mark.parametrize("throttle", [AuthRateThrottle, UserRateThrottle])
@pytest.mark.parametrize("function", [view, async_view])
def test_a_throttle_tells_users_apart(
    project: Any, issuer: FakeIssuer, api: NinjaAPI, throttle: Any, function: Any
) -> None:
    """One user's requests leave another's alone, however many tokens each has."""
    api.get("/me", auth=JWTBearer(), throttle=throttle("2/d"))(function)
    project({"/": api.urls}, MIDDLEWARE=[])
    for subject in ("u1", "u2", "a name with spaces \u2603"):
        answers = [Client().get("/me", headers=issuer.headers(sub=subject)).status_code for _ in range(3)]
        assert answers == [200, 200, 429], subject


def test_a_throttle_tells_issuers_apart(project: Any, issuer: FakeIssuer, api: NinjaAPI) -> None:
    """Two issuers may use the same subject."""
    other = FakeIssuer("https://other.example/")
    listed = [each.settings() for each in (issuer, other)]
    api.get("/me", auth=JWTBearer(), throttle=AuthRateThrottle("1/d"))(view)
    project({"/": api.urls}, MIDDLEWARE=[], ISSUER=None, JWKS=None, ISSUERS=listed)
    for each in (issuer, other):
        answers = [Client().get("/me", headers=each.headers(sub="u1")).status_code for _ in range(2)]
        assert answers == [200, 429]


def test_a_throttle_for_the_anonymous_counts_no_token(
    project: Any, issuer: FakeIssuer, api: NinjaAPI
) -> None:
    """``AnonRateThrottle`` counts requests without authentication alone."""
    auth: list[Any] = [JWTBearer(), lambda request: "anybody"]
    api.get("/me", auth=JWTBearer(), throttle=AnonRateThrottle("1/d"))(view)
    api.get("/both", auth=auth, throttle=AuthRateThrottle("1/d"))(view)
    project({"/": api.urls}, MIDDLEWARE=[])
    assert [Client().get("/me", headers=issuer.headers()).status_code for _ in range(3)] == [200] * 3
    assert [Client().get("/both").status_code for _ in range(2)] == [200, 429]
    assert Client().get("/both", headers=issuer.headers()).status_code == 200
