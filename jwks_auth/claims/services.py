"""Services and people: whether a client speaks for itself, by what its provider writes (RFC 9700 section 4.15)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from jwks_auth.claims.paths import client_of

__all__ = ["is_service", "is_surely_service", "name_of_service"]

_OF_PEOPLE = (
    "email",
    "preferred_username",
    "given_name",
    "family_name",
    "name",
    "nickname",
    "phone_number",
    "birthdate",
    "upn",  # Entra
    "unique_name",  # Entra v1
    "username",  # Cognito
    "uid",  # Okta
)
"""Claims that only a person's token has, where subject and client have one name."""

_OF_ENTRA_USERS = frozenset({"scp", "tfp", "acr"})
"""One of which a user's token has, also from B2C, where subject and object are the same."""

_GRANTS = ("client-credentials", "client_credentials")  # Auth0, FusionAuth
_OF_ONE_TOKEN = frozenset({"iat", "exp", "nbf", "jti"})
_GOOGLE = frozenset({"https://accounts.google.com", "accounts.google.com"})


def is_service(claims: Mapping[str, Any]) -> bool:
    """Return whether verified *claims* look like a service's, and not a person's.

    A person may manage to look like a service, so use it only to refuse.
    """
    if is_surely_service(claims):
        return True
    client = client_of(claims)
    # Keycloak's name for a client's account; people may choose it where they register themselves.
    return client is not None and claims.get("preferred_username") == f"service-account-{client}".lower()


def is_surely_service(claims: Mapping[str, Any]) -> bool:
    """Return the same by what no person can bring about: what providers reserve for services.

    No subject; the client's own name in its place (RFC 9068 section 2.2), or Entra's object, and nothing about a
    person; or a claim that the provider reserves.
    """
    subject = claims.get("sub")
    if not subject or _is_reserved(claims):
        return True
    is_client = subject == client_of(claims)
    is_object = subject == claims.get("oid") and claims.keys().isdisjoint(_OF_ENTRA_USERS)
    return (is_client or is_object) and not any(claims.get(name) for name in _OF_PEOPLE)


def name_of_service(claims: Mapping[str, Any]) -> str:
    """Return a name for a service without a subject: its client, or else a digest of what all its tokens say."""
    named = client_of(claims) or claims.get("common_name")  # Cloudflare Access
    if isinstance(named, str) and named:
        return named
    lasting = {name: value for name, value in claims.items() if name not in _OF_ONE_TOKEN}
    digest = hashlib.sha256(json.dumps(lasting, sort_keys=True, default=repr).encode())
    return f"service-{digest.hexdigest()[:32]}"


def _is_reserved(claims: Mapping[str, Any]) -> bool:
    if "gty" in claims:
        granted = claims["gty"]
        if any(grant in _GRANTS for grant in (granted if isinstance(granted, list) else (granted,))):
            return True
    email = claims.get("email")
    of_google = isinstance(email, str) and email.endswith(".gserviceaccount.com")
    return claims.get("idtyp") == "app" or (of_google and claims.get("iss") in _GOOGLE)
