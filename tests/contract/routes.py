"""The contract's routes as one table, for apps whose adapter takes a requirement's options and returns a token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from jwks_auth import VerifiedToken
from tests.contract.cases import MFA, OTHER_RESOURCE, SHARED

__all__ = ["TABLE", "Route"]

Answering = Callable[[VerifiedToken | None], dict[str, Any]]


class Route(NamedTuple):
    """The options of a guard, ``None`` without one; the answer's body, by the token; its headers."""

    options: dict[str, Any] | None
    answer: Answering
    headers: dict[str, str] = {}


def _subject(token: VerifiedToken | None) -> dict[str, Any]:
    return {"sub": token.subject if token else None}


def _saying(document: dict[str, Any]) -> Answering:
    return lambda token: document


BOTH = ["orders:read", "orders:write"]

TABLE = {
    "/public": Route(None, _saying({})),
    "/me": Route({}, _subject),
    "/orders": Route({"scopes": "orders:read"}, _saying({"orders": []})),
    "/both": Route({"scopes": BOTH}, _saying({"orders": []})),
    "/any": Route({"any_scope": ["orders:read", "orders:admin"]}, _saying({"orders": []})),
    "/admin": Route({"any_role": ["admin", "root"]}, _saying({"admin": True})),
    "/reports": Route({"audience": "reports"}, _subject),
    "/v2": Route({"audience": OTHER_RESOURCE}, _subject),
    "/mfa": Route({"acr": [MFA, "urn:acme:otp"], "max_auth_age": 300}, _saying({"mfa": True})),
    "/mfa-orders": Route({"acr": MFA, "scopes": BOTH}, _saying({"orders": []})),
    "/mfa-optional": Route({"acr": MFA, "optional": True}, _subject),
    "/optional": Route({"optional": True}, _subject),
    "/shared": Route({"optional": True}, _subject, {"Cache-Control": SHARED}),
}
