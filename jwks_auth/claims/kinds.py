"""Kinds of tokens that one issuer signs with one key: for an API, for a client, or for neither (RFC 8725 section 3.12).

An access token is for an API, an ID token tells a client who signed in. Each profile takes one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jwks_auth.claims.rules import WIDEST
from jwks_auth.errors import InvalidTokenError

__all__ = ["other_kind", "refuse_other_kinds"]

_NO_ID_TOKEN = "The token is not an ID token"  # noqa: S105 - a text for clients

_OF_ID_TOKENS = frozenset({"at_hash", "c_hash", "s_hash"})
"""Claims that only ID tokens have (OpenID Connect Core 3.1.3.6 and 3.3.2.11, FAPI 1.0)."""

_OF_EVENTS = frozenset({"events"})
"""A claim that only security events have (RFC 8417)."""

_OF_ACCESS_TOKENS = ("scope", "scp", "client_id", "cid", "appid", "appidacr", "azpacr")
"""Claims that only access tokens have: RFC 9068, Okta, Entra."""

# The values of Keycloak's claim typ (not the header's member) in access tokens.
_FOR_APIS = ("Bearer", "DPoP")
_FOR_CLIENTS = ("ID",)
_FOR_ITSELF = ("Refresh", "Offline", "Logout")

_TELLTALES = _OF_ID_TOKENS | _OF_EVENTS | {"token_use", "typ", "nonce"}


def refuse_other_kinds(claims: Mapping[str, Any], profile: str) -> None:
    """Raise ``InvalidTokenError`` if the claims show that the token is not of the kind that *profile* accepts."""
    if profile == "id_token":
        if _is_for_an_api(claims):
            raise other_kind(profile)
    elif profile != WIDEST and not claims.keys().isdisjoint(_TELLTALES) and _is_for_a_client(claims):
        raise other_kind(profile)


def other_kind(profile: str) -> InvalidTokenError:
    """Return the error for a token of another kind than *profile* takes."""
    return InvalidTokenError("wrong_type", _NO_ID_TOKEN if profile == "id_token" else None)


def _is_for_a_client(claims: Mapping[str, Any]) -> bool:
    """Return whether *claims* belong to an ID token, or at least not to an access token."""
    if _has(claims, _OF_ID_TOKENS | _OF_EVENTS):
        return True
    if claims.get("token_use") not in (None, "access"):  # Amazon Cognito's
        return True
    if claims.get("typ") in _FOR_CLIENTS + _FOR_ITSELF:
        return True
    # Some access tokens repeat the nonce, but they also have a claim of access tokens.
    return claims.get("nonce") is not None and not _is_marked_for_an_api(claims)


def _is_for_an_api(claims: Mapping[str, Any]) -> bool:
    """Return whether *claims* belong to an access token, or at least not to an ID token."""
    if _has(claims, _OF_EVENTS):
        return True
    if claims.get("token_use") not in (None, "id") or claims.get("typ") in _FOR_APIS + _FOR_ITSELF:
        return True
    marked = _has(claims, _OF_ID_TOKENS) or claims.get("token_use") == "id" or claims.get("typ") == "ID"
    return not marked and _is_marked_for_an_api(claims)


def _is_marked_for_an_api(claims: Mapping[str, Any]) -> bool:
    return (
        claims.get("token_use") == "access"
        or claims.get("typ") in _FOR_APIS
        or _has(claims, _OF_ACCESS_TOKENS)
    )


def _has(claims: Mapping[str, Any], names: Iterable[str]) -> bool:
    return any(claims.get(name) is not None for name in names)
