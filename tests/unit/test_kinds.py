"""Kinds of tokens: each profile takes one, and refuses the other as far as claims tell."""

from __future__ import annotations

from typing import Any

import pytest

from jwks_auth import InvalidTokenError
from jwks_auth.claims.kinds import refuse_other_kinds

ID_TOKENS: dict[str, dict[str, Any]] = {
    "at_hash (Google)": {"at_hash": "x", "azp": "app"},
    "c_hash (Apple)": {"c_hash": "x"},
    "s_hash (FAPI)": {"s_hash": "x"},
    "nonce alone": {"nonce": "n"},
    "nonce (Entra)": {"nonce": "n", "tid": "t", "ver": "2.0", "roles": ["admin"]},
    "token_use (Cognito)": {"token_use": "id", "cognito:groups": ["a"]},
    "typ (Keycloak)": {"typ": "ID", "azp": "app", "acr": "1"},
    "typ beside a scope": {"typ": "ID", "scope": "openid"},
    "a hash beside a client_id": {"at_hash": "x", "client_id": "app"},
}
ACCESS_TOKENS: dict[str, dict[str, Any]] = {
    "scope and client_id (RFC 9068)": {"scope": "a", "client_id": "app"},
    "an empty scope": {"scope": ""},
    "scp list (Okta)": {"scp": ["a"], "cid": "app"},
    "scp (Entra), with a nonce (B2C)": {"scp": "a", "nonce": "n", "azp": "app"},
    "app only (Entra v1)": {"appid": "app", "appidacr": "1"},
    "app only (Entra v2)": {"azp": "app", "azpacr": "1", "roles": ["a"]},
    "token_use (Cognito)": {"token_use": "access", "client_id": "app"},
    "token_use alone": {"token_use": "access"},
    "typ (Keycloak), with a nonce": {"typ": "Bearer", "nonce": "n", "azp": "app"},
    "typ of bound ones": {"typ": "DPoP"},
}
NEITHER: dict[str, dict[str, Any]] = {
    "security event": {"events": {}},
    "security event with a nonce": {"events": {}, "nonce": "n"},
    "refresh token": {"typ": "Refresh", "scope": "openid"},
    "offline token": {"typ": "Offline"},
    "logout token": {"typ": "Logout", "events": {}},
    "another use": {"token_use": "refresh"},
    "a use of another type": {"token_use": ["id"]},
}
EITHER: dict[str, dict[str, Any]] = {
    "nothing said (Firebase, Supabase)": {"auth_time": 1, "user_id": "u"},
    "azp alone (Clerk)": {"azp": "https://app.example"},
    "null": dict.fromkeys(["token_use", "typ", "scope", "client_id", "nonce", "at_hash", "c_hash", "events"]),
    "a typ of somebody else": {"typ": "user"},
    "a typ of another type": {"typ": {"ID": 1}},
}


def refuses(profile: str, claims: dict[str, Any]) -> bool:
    """Whether the profile refuses the kind."""
    try:
        refuse_other_kinds(claims, profile)
    except InvalidTokenError as error:
        return error.code == "wrong_type"
    return False


@pytest.mark.parametrize("name", ID_TOKENS)
def test_an_id_token_is_one_kind_only(name: str) -> None:
    """Refused as an access token, accepted as what it is."""
    refused = {profile for profile in ("default", "rfc9068", "id_token") if refuses(profile, ID_TOKENS[name])}
    assert refused == {"default", "rfc9068"}


@pytest.mark.parametrize("name", ACCESS_TOKENS)
def test_an_access_token_is_one_kind_only(name: str) -> None:
    """Refused as an ID token, accepted as what it is."""
    refused = {
        profile for profile in ("default", "rfc9068", "id_token") if refuses(profile, ACCESS_TOKENS[name])
    }
    assert refused == {"id_token"}


@pytest.mark.parametrize("name", NEITHER)
def test_a_token_of_a_third_kind_is_refused_everywhere(name: str) -> None:
    """It is for the issuer itself, or for a receiver of events."""
    assert all(refuses(profile, NEITHER[name]) for profile in ("default", "rfc9068", "id_token"))


@pytest.mark.parametrize("name", EITHER)
def test_a_token_that_says_nothing_is_left_to_its_audience(name: str) -> None:
    """What nobody can tell refuses nothing."""
    assert not any(refuses(profile, EITHER[name]) for profile in ("default", "rfc9068", "id_token"))


@pytest.mark.parametrize("claims", [*ID_TOKENS.values(), *ACCESS_TOKENS.values(), *NEITHER.values()])
def test_the_kind_is_no_reason_to_ask_nobody_about_a_tenant(claims: dict[str, Any]) -> None:
    """Before it is known whose token it is, nobody knows which kind is taken."""
    assert not refuses("widest", claims)
