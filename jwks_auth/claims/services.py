"""Services, people and actors: a token's claims show whether a client acts for itself (RFC 9700 section 4.15)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from jwks_auth.claims.paths import client_of

__all__ = ["actors_in", "is_service", "is_surely_service", "name_of_service", "pseudonym"]

_MOST_ACTORS = 16

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
"""Claims that only a person's token has, even if its subject has the client's name."""

_OF_ENTRA_USERS = frozenset({"scp", "tfp", "acr"})
"""Claims of Entra. A user's token has one of them, also from B2C, where subject and object id are the same."""

_GRANTS = ("client-credentials", "client_credentials")  # Auth0, FusionAuth
_OF_ONE_TOKEN = frozenset({"iat", "exp", "nbf", "jti"})
_GOOGLE = frozenset({"https://accounts.google.com", "accounts.google.com"})


def is_service(claims: Mapping[str, Any]) -> bool:
    """Return whether verified *claims* look like a service's, and not a person's.

    A person may be able to look like a service, so use this only to refuse.
    """
    if is_surely_service(claims):
        return True
    client = client_of(claims)
    # Keycloak's name for a client's account; people may choose it where they register themselves.
    return client is not None and claims.get("preferred_username") == f"service-account-{client}".lower()


def is_surely_service(claims: Mapping[str, Any]) -> bool:
    """Return whether *claims* are a service's, by signs that no person can bring about.

    The signs: there is no subject; the subject is the client (RFC 9068 section 2.2) or Entra's object id, and no claim
    is a person's; or there is a claim that the provider reserves for services.
    """
    subject = claims.get("sub")
    if not subject or _is_reserved(claims):
        return True
    is_client = subject == client_of(claims)
    is_object = subject == claims.get("oid") and claims.keys().isdisjoint(_OF_ENTRA_USERS)
    return (is_client or is_object) and not any(claims.get(name) for name in _OF_PEOPLE)


def name_of_service(claims: Mapping[str, Any]) -> str:
    """Return a name for a service without a subject: its client or a digest of the claims all its tokens share."""
    named = client_of(claims) or claims.get("common_name")  # Cloudflare Access
    if isinstance(named, str) and named:
        return named
    lasting = {name: value for name, value in claims.items() if name not in _OF_ONE_TOKEN}
    digest = hashlib.sha256(json.dumps(lasting, sort_keys=True, default=repr).encode())
    return f"service-{digest.hexdigest()[:32]}"


def pseudonym(issuer: str | None, claims: Mapping[str, Any]) -> str:
    """Return a name that all tokens of one sender share, and no others: 68 letters and digits, which show no claim.

    A client without a subject is not the person whose subject is the client's name.
    """
    subject = claims.get("sub") or None
    sender = [issuer, subject, None if subject else name_of_service(claims)]
    return f"jwt-{hashlib.sha256(json.dumps(sender, default=repr).encode()).hexdigest()}"


def _is_reserved(claims: Mapping[str, Any]) -> bool:
    if "gty" in claims:
        granted = claims["gty"]
        if any(grant in _GRANTS for grant in (granted if isinstance(granted, list) else (granted,))):
            return True
    email = claims.get("email")
    of_google = isinstance(email, str) and email.endswith(".gserviceaccount.com")
    return claims.get("idtyp") == "app" or (of_google and claims.get("iss") in _GOOGLE)


def actors_in(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the actors in ``act``, each of which acts for the next (RFC 8693 section 4.1); sixteen at most."""
    found: list[str] = []
    act = claims.get("act")
    while isinstance(act, dict) and len(found) < _MOST_ACTORS:
        subject = act.get("sub")
        if not (isinstance(subject, str) and subject):
            break
        found.append(subject)
        act = act.get("act")
    return tuple(found)
