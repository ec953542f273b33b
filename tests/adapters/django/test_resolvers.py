"""Users of a project's own: a class or a function, sync or async, by dotted path."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client

from jwks_auth import InvalidTokenError, VerifiedToken
from jwks_auth.testing import FakeIssuer
from jwks_auth_django import require_jwt
from jwks_auth_django.users import UserResolver


def customer(request: HttpRequest, token: VerifiedToken) -> Any:
    """A user that is no model."""
    if token.subject == "thief":
        raise InvalidTokenError("revoked")
    return None if token.subject == "nobody" else SimpleNamespace(name=token.subject, is_authenticated=True)


async def acustomer(request: HttpRequest, token: VerifiedToken) -> Any:
    """The same, from an event loop."""
    return customer(request, token)


class Customers(UserResolver):
    """The same as a class, sync only."""

    def resolve(self, request: Any, token: VerifiedToken) -> Any:
        """A customer."""
        return customer(request, token)


class Unfinished(UserResolver):
    """Forgot something."""


def whoami(request: HttpRequest) -> JsonResponse:
    """Who it is."""
    return JsonResponse({"user": request.user.name})


@pytest.mark.parametrize("name", ["customer", "acustomer", "Customers"])
async def test_a_resolver_of_ones_own(project: Any, issuer: FakeIssuer, name: str) -> None:
    """Found by dotted path; None refuses the user, and an error of the core's says why."""
    project({"/me": whoami}, USER={"STORE": f"{__name__}.{name}"})
    client = AsyncClient()
    assert (await client.get("/me", headers=issuer.headers(sub="u1"))).json() == {"user": "u1"}
    nobody = await client.get("/me", headers=issuer.headers(sub="nobody"))
    assert nobody.json()["error_description"] == "The access token's user may not sign in"
    thief = await client.get("/me", headers=issuer.headers(sub="thief"))
    assert thief.json()["error_description"] == "The access token has been revoked"


@pytest.mark.parametrize("name", ["customer", "acustomer", "Customers"])
def test_a_resolver_of_ones_own_sync(project: Any, issuer: FakeIssuer, name: str) -> None:
    """The same in a sync stack."""
    project({"/me": whoami}, USER={"STORE": f"{__name__}.{name}"})
    assert Client().get("/me", headers=issuer.headers(sub="u1")).json() == {"user": "u1"}
    assert Client().get("/me", headers=issuer.headers(sub="nobody")).status_code == 401


def buggy(request: HttpRequest, token: VerifiedToken) -> Any:
    """A bug in a project's own code."""
    raise LookupError("a bug")


@pytest.mark.parametrize("middleware", [[], ["jwks_auth_django.middleware.JWTAuthenticationMiddleware"]])
def test_no_token_in_an_error_report(project: Any, issuer: FakeIssuer, middleware: list[str]) -> None:
    """9068-13: what Django mails to admins, or shows with DEBUG, holds local variables, but no token."""
    project(
        {"/me": require_jwt(whoami)}, DEBUG=True, MIDDLEWARE=middleware, USER={"STORE": f"{__name__}.buggy"}
    )
    token = issuer.token(sub="u1", secret="a claim of the token")
    response = Client(raise_request_exception=False).get("/me", headers={"Authorization": f"Bearer {token}"})
    assert (response.status_code, b"a bug" in response.content) == (500, True)
    assert token.encode() not in response.content
    assert token.rpartition(".")[2].encode() not in response.content
    assert b"a claim of the token" not in response.content


def test_an_unfinished_one(project: Any, issuer: FakeIssuer) -> None:
    """Says what it lacks."""
    project({"/me": whoami}, USER={"STORE": f"{__name__}.Unfinished"})
    with pytest.raises(NotImplementedError, match=r"Unfinished must define resolve\(request, token\)"):
        Client().get("/me", headers=issuer.headers())
