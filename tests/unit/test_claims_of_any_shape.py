"""Claims of any type and size, rightly signed: a token or a refusal, never another error, and never for long."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jwks_auth import ANY_AUDIENCE, AuthError, Issuer, Policy, TokenVerifier, VerifiedToken
from jwks_auth.adapters import RawToken, Requirement
from tests.attacks import forge


def nested(depth: int) -> Any:
    """An object as deep as that."""
    value: Any = {"roles": ["admin"]}
    for _ in range(depth):
        value = {"roles": value}
    return value


SHAPES: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "huge": 10**300,
    "float": -1.5e300,
    "empty": "",
    "long": "x" * 200_000,
    "list": [],
    "mixed": ["admin", None, 1, {}, []],
    "object": {"admin": True, "": 1, "ops": {}},
    "many": ["r"] * 50_000,
    "members": {str(number): 1 for number in range(20_000)},
    "deep": nested(28),
    "deep_list": json.loads("[" * 28 + "]" * 28),
    "surrogates": "\U0001f600\u202e\x00",
}
CLAIMS = (
    "roles", "permissions", "scope", "scp", "client_id", "azp", "appid", "cid", "sub", "aud", "exp", "iat", "nbf",
    "jti", "act", "cnf", "events", "at_hash", "token_use", "typ", "nonce", "gty", "idtyp", "email", "oid",
    "preferred_username", "_claim_names", "hasgroups", "realm_access", "resource_access",
)  # fmt: skip
POLICY = Policy(any_role=["admin"]) | Policy(
    permissions="p", claims={"realm_access.roles": "admin"}, actor="a"
)
VERIFIER = TokenVerifier(
    Issuer(
        forge.ISSUER,
        jwks=forge.KEY_SET,
        roles_claim=["roles", "realm_access.roles", "resource_access.{client}.roles", "groups"],
    ),
    ANY_AUDIENCE,
    max_token_length=1_000_000,
)


def read(token: VerifiedToken) -> list[Any]:
    """Everything that a token says of itself."""
    return [
        *(
            token.subject,
            token.issuer,
            token.audience,
            token.client_id,
            token.scopes,
            token.roles,
            token.permissions,
        ),
        *(token.expires_at, token.issued_at, token.actor, token.actors, token.confirmation, token.is_service),
        *(repr(token), POLICY.allows(token), Policy(person=True).allows(token)),
    ]


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_no_claim_makes_another_error_than_a_refusal(claim: str, shape: str) -> None:
    """What the token says can be read, policies judge it, and it can be explained."""
    raw = forge.token(payload=forge.claims(**{claim: SHAPES[shape]}))
    try:
        token = VERIFIER.verify_any_audience(raw)
    except AuthError as error:
        assert error.code in ("invalid_claim", "missing_claim", "wrong_type", "expired", "not_yet_valid")  # noqa: PT017
    else:
        assert len(read(token)) == 16
        assert token.confirmation is None or claim == "cnf"
    assert VERIFIER.explain(RawToken(raw), requirement=Requirement(policy=POLICY)).steps


@pytest.mark.parametrize("claim", ["roles", "permissions", "scope"])
@pytest.mark.parametrize("shape", ["many", "members", "deep_list", "mixed", "huge", "true"])
def test_names_beyond_reason_grant_nothing(claim: str, shape: str) -> None:
    """More than ten thousand, or no names at all; a control beside them grants."""
    token = VERIFIER.verify(forge.token(payload=forge.claims(**{claim: SHAPES[shape]})))
    kind = {"scope": "scopes"}.get(claim, claim)
    assert getattr(token, kind) == set()
    control = VERIFIER.verify(forge.token(payload=forge.claims(**{claim: [f"r{n}" for n in range(10_000)]})))
    assert len(getattr(control, kind)) == 10_000
