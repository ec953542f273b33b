"""The claim rules as they are: pure functions of claims, rules and a time. The attack suite has them signed."""

from __future__ import annotations

from typing import Any

import pytest

from jwks_auth import ANY_AUDIENCE, InvalidTokenError
from jwks_auth.claims.audience import validate_audience
from jwks_auth.claims.rules import ClaimRules
from jwks_auth.claims.validators import validate_claims

NOW = 1000.0


PLAIN: dict[str, Any] = {
    "leeway": 30,
    "profile": "default",
    "scope_claims": (),
    "roles_claim": (),
    "permissions_claim": (),
}


def code_of(claims: dict[str, Any], **rules: Any) -> str | None:
    """The code of the refusal of these claims, at time 1000."""
    try:
        validate_claims({"iss": "i", "exp": 2000, **claims}, ClaimRules(**{**PLAIN, **rules}), NOW)
    except InvalidTokenError as exc:
        return exc.code
    return None


@pytest.mark.parametrize(
    ("claims", "rules", "code"),
    [
        ({}, {}, None),
        ({"exp": 970}, {}, "expired"),
        ({"exp": 970.5}, {}, None),
        ({"exp": 1000}, {"leeway": 0}, "expired"),
        ({"exp": 1000.5}, {"leeway": 0}, None),
        ({"nbf": 1030.5}, {}, "not_yet_valid"),
        ({"iat": 1030}, {}, None),
        ({"iat": 869}, {"max_age": 100}, "too_old"),
        ({"iat": 870}, {"max_age": 100}, None),
        ({}, {"required_claims": frozenset({"tenant"})}, "missing_claim"),
        ({"tenant": None}, {"required_claims": frozenset({"tenant"})}, "missing_claim"),
        ({"client_id": "a"}, {"allowed_clients": frozenset("a")}, None),
        ({"client_id": "b"}, {"allowed_clients": frozenset("a")}, "wrong_client"),
        ({}, {"allowed_clients": frozenset("a")}, "wrong_client"),
        ({"roles": {"admin": True}, "permissions": 7, "scope": [1], "azp": 5, "client_id": []}, {}, None),
        ({"client_id": 5}, {"required_claims": frozenset({"client_id"})}, "invalid_claim"),
        ({"azp": "a"}, {"required_claims": frozenset({"azp"})}, None),
        ({"client_id": 5}, {"allowed_clients": frozenset("a")}, "wrong_client"),
        ({"exp": None}, {}, "missing_claim"),
        ({"nbf": None, "iat": None, "sub": None, "jti": None, "aud": None, "cnf": None}, {}, None),
        ({"iat": None}, {"max_age": 100}, "missing_claim"),
        ({"at_hash": None, "c_hash": None, "events": None, "token_use": None, "typ": None}, {}, None),
        ({"token_use": "access", "typ": "Bearer"}, {}, None),
        ({"typ": 7}, {}, None),
        ({"typ": ["ID"]}, {}, None),
        ({"typ": "ID"}, {}, "wrong_type"),
        ({"typ": "Refresh"}, {}, "wrong_type"),
        ({"typ": "Offline"}, {}, "wrong_type"),
        ({"typ": "Logout", "token_use": "access"}, {}, "wrong_type"),
    ],
)
def test_claims_are_judged(claims: dict[str, Any], rules: dict[str, Any], code: str | None) -> None:
    """Each rule at its edge."""
    assert code_of(claims, **rules) == code


@pytest.mark.parametrize(
    ("audience", "accepted"),
    [
        ("a", True),
        (["x", "a"], True),
        ("x", False),
        (["x"], False),
        ([], False),
        ("ab", False),
        (None, False),
    ],
)
def test_9068_3_one_of_the_expected_audiences_is_named(audience: Any, accepted: bool) -> None:
    """Whole strings; a token without one is for nobody, unless any will do."""
    claims = {} if audience is None else {"aud": audience}
    validate_audience(claims, ANY_AUDIENCE)
    if accepted:
        validate_audience(claims, frozenset({"a", "b"}))
    else:
        with pytest.raises(InvalidTokenError) as caught:
            validate_audience(claims, frozenset({"a", "b"}))
        assert caught.value.code == "wrong_audience"


CLIENTS = {"profile": "id_token", "audience": frozenset({"web", "ios"})}
GOOD = {"sub": "u", "aud": "web", "iat": 900}


@pytest.mark.parametrize(
    ("claims", "rules", "code"),
    [
        ({}, {}, None),
        ({"aud": ["web"]}, {}, None),
        ({"aud": ["web", "ios"]}, {}, None),
        ({"aud": ["web", "other"]}, {}, "wrong_audience"),
        ({"aud": "other"}, {}, "wrong_audience"),
        ({"aud": []}, {}, "wrong_audience"),
        ({"aud": ""}, {}, "wrong_audience"),
        ({"aud": None}, {}, "missing_claim"),
        ({"aud": {"web": 1}}, {}, "invalid_claim"),
        ({"sub": ""}, {}, "missing_claim"),
        ({"sub": None}, {}, "missing_claim"),
        ({"iat": None}, {}, "missing_claim"),
        ({"azp": "web"}, {}, None),
        ({"azp": "ios"}, {}, None),
        ({"azp": "android"}, {}, "wrong_client"),
        ({"azp": ""}, {}, "wrong_client"),
        ({"azp": None}, {}, None),
        ({"azp": ["web"]}, {}, "invalid_claim"),
        ({"azp": {"web": 1}}, {"allowed_clients": frozenset({"web"})}, "invalid_claim"),
        ({"azp": "android"}, {"allowed_clients": frozenset({"android"})}, None),
        ({"azp": "web"}, {"allowed_clients": frozenset({"android"})}, None),
        ({}, {"allowed_clients": frozenset({"android"})}, None),
        ({"aud": "android", "azp": "android"}, {"allowed_clients": frozenset({"android"})}, "wrong_audience"),
        ({"auth_time": "yesterday"}, {}, None),
        ({}, {"max_age": 100}, "missing_claim"),
        ({"auth_time": None}, {"max_age": 100}, "missing_claim"),
        ({"auth_time": 870}, {"max_age": 100}, None),
        ({"auth_time": 869}, {"max_age": 100}, "too_old"),
        ({"iat": 1000, "auth_time": 500}, {"max_age": 100}, "too_old"),
        ({"iat": 500, "auth_time": 950}, {"max_age": 100}, None),
        ({"auth_time": 1030}, {"max_age": 100}, None),
        ({"auth_time": 1030.5}, {"max_age": 100}, "not_yet_valid"),
        ({"auth_time": "870"}, {"max_age": 100}, "invalid_claim"),
        ({"auth_time": True}, {"max_age": 100}, "invalid_claim"),
        ({"auth_time": 1e12}, {"max_age": 100}, "invalid_claim"),
        ({"auth_time": float("inf")}, {"max_age": 100}, "invalid_claim"),
        ({"auth_time": -(10**400)}, {"max_age": 100}, "invalid_claim"),
    ],
)
def test_claims_of_id_tokens_are_judged(
    claims: dict[str, Any], rules: dict[str, Any], code: str | None
) -> None:
    """The clients are named, all of them (OpenID Connect Core 2 and 3.1.3.7); an age counts from the sign-in."""
    assert code_of({**GOOD, **claims}, **{**CLIENTS, **rules}) == code
