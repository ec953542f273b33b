"""Ninja's OpenAPI documents: scopes, refusals and one scheme for sync and async operations."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest
from ninja import NinjaAPI, Router, Schema
from ninja.security import django_auth

from jwks_auth import Policy
from jwks_auth_django.ninja import AsyncJWTBearer, JWTBearer

BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class Problem(Schema):
    """A project's own body."""

    problem: str


def sync_view(request: HttpRequest) -> dict[str, Any]:
    """Answer."""
    return {}


async def async_view(request: HttpRequest) -> dict[str, Any]:
    """Answer later."""
    return {}


@pytest.fixture
def api() -> NinjaAPI:
    """An API with nothing in it."""
    return NinjaAPI(urls_namespace="documents")


def operation(api: NinjaAPI, path: str) -> dict[str, Any]:
    """What the document says of ``GET`` at *path*."""
    found: dict[str, Any] = api.get_openapi_schema(path_prefix="/")["paths"][path]["get"]
    return found


def test_one_scheme_for_sync_and_async_operations(api: NinjaAPI) -> None:
    """Under either name of the class."""
    api.get("/sync", auth=JWTBearer())(sync_view)
    api.get("/async", auth=AsyncJWTBearer())(async_view)
    assert api.get_openapi_schema(path_prefix="/")["components"]["securitySchemes"] == {"JWTBearer": BEARER}


@pytest.mark.parametrize(
    ("asked", "security"),
    [
        ({}, [[]]),
        ({"scopes": "orders:read"}, [["orders:read"]]),
        ({"scopes": ["a", "b"], "any_role": ["admin"]}, [["a", "b"]]),
        ({"any_scope": ["a", "b"]}, [["a"], ["b"]]),
        ({"policy": Policy(scopes="a") | Policy(roles="admin")}, [["a"], []]),
        ({"audience": "reports"}, [[]]),
    ],
    ids=lambda value: str(value) if isinstance(value, list) else "-".join(value),
)
def test_scopes_stand_at_each_operation(api: NinjaAPI, asked: dict[str, Any], security: list[Any]) -> None:
    """An entry for each set of scopes that is enough."""
    api.get("/me", auth=JWTBearer(**asked))(sync_view)
    assert operation(api, "/me")["security"] == [{"JWTBearer": scopes} for scopes in security]


@pytest.mark.parametrize("place", ["api", "router"])
def test_scopes_of_an_api_or_a_router(place: str) -> None:
    """They stand at the operations below; ``auth=None`` has none."""
    bearer = JWTBearer(scopes="a")
    api = NinjaAPI(urls_namespace=f"inherited-{place}", **({"auth": bearer} if place == "api" else {}))
    router = Router(**({"auth": bearer} if place == "router" else {}))
    router.get("/me")(sync_view)
    router.get("/public", auth=None)(async_view)
    api.add_router("", router)
    assert operation(api, "/me")["security"] == [{"JWTBearer": ["a"]}]
    assert {"security", "401"}.isdisjoint(map(str, operation(api, "/public")))
    assert list(operation(api, "/public")["responses"]) == [200]


def test_several_ways_in_are_alternatives(api: NinjaAPI) -> None:
    """Ninja's own stay as they are, and so does what the project has written."""
    extra = {"security": [{"mutual": []}]}
    api.get("/me", auth=[JWTBearer(any_scope=["a", "b"]), django_auth], openapi_extra=extra)(sync_view)
    named = [{"JWTBearer": ["a"]}, {"JWTBearer": ["b"]}, {"SessionAuth": []}, {"mutual": []}]
    assert operation(api, "/me")["security"] == named


def test_refusals_are_documented(api: NinjaAPI) -> None:
    """With their headers, in Ninja's shape; not at operations that others guard, or nobody."""
    api.get("/me", auth=JWTBearer(), response={200: Problem})(sync_view)
    api.get("/session", auth=django_auth)(sync_view)
    responses = operation(api, "/me")["responses"]
    assert list(responses) == [200, 400, 401, 403, 503]
    assert "WWW-Authenticate" in responses[401]["headers"]
    assert "WWW-Authenticate" in responses[403]["headers"]
    assert "Retry-After" in responses[503]["headers"]
    body = responses[401]["content"]["application/json"]["schema"]
    assert body["required"] == ["detail"]
    assert list(operation(api, "/session")["responses"]) == [200]


def test_a_projects_own_responses_stay(api: NinjaAPI) -> None:
    """Given as ``response=`` or as ``openapi_extra``."""
    extra = {"responses": {"403": {"description": "Ask for more"}}}
    api.get("/me", auth=JWTBearer(), response={200: None, 401: Problem}, openapi_extra=extra)(sync_view)
    responses = operation(api, "/me")["responses"]
    assert "$ref" in responses[401]["content"]["application/json"]["schema"]
    assert responses["403"] == {"description": "Ask for more"}
    assert 403 not in responses
    assert 503 in responses
