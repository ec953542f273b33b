"""What type checkers know of Ninja's and Channels' guards: mypy strict reads this, nothing runs it."""

from __future__ import annotations

from typing import Any, assert_type

from django.http import HttpRequest
from ninja import NinjaAPI

from jwks_auth import Policy, VerifiedToken
from jwks_auth.testing import FakeIssuer
from jwks_auth_django.channels import JWTAuthMiddleware
from jwks_auth_django.ninja import AsyncJWTBearer, JWTBearer, leave_alone

api = NinjaAPI(auth=JWTBearer())
guards: list[JWTBearer] = [
    JWTBearer(scopes="orders:read", person=True),
    JWTBearer(policy=Policy(roles="ops")),
    AsyncJWTBearer(any_scope=["a", "b"]),
]


@api.get("/orders", auth=[JWTBearer(scopes="orders:read"), JWTBearer(roles="ops")])
async def orders(request: HttpRequest) -> list[str]:
    """Answer."""
    return []


assert_type(leave_alone(api), NinjaAPI)


async def consumer(scope: Any, receive: Any, send: Any) -> None:
    """Stand for Channels' routes."""


application = JWTAuthMiddleware(consumer, scopes="chat", optional=True)
assert_type(FakeIssuer().verified(sub="u1"), VerifiedToken)
