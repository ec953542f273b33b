"""Hints at common mistakes behind a refused token, found in the token itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jwks_auth.challenge import escaped, shown
from jwks_auth.claims import VerifiedToken
from jwks_auth.errors import InvalidTokenError, KeySourceError
from jwks_auth.jose import (
    MOST_TRIED,
    OPT_IN_ALGORITHMS,
    UnverifiedToken,
    VerificationKey,
    parse_jws,
    shown_kid,
)
from jwks_auth.keys import Health, KeyProvider
from jwks_auth.verifier.audience_hints import GRAPH, OKTA_ORG
from jwks_auth.verifier.claim_hints import FOR_THE_CLIENT, is_id_token

__all__ = [
    "ON_BINDING",
    "keys_in_hand",
    "meant",
    "on_algorithm",
    "on_form",
    "on_id_token",
    "on_issuer",
    "on_key",
    "on_kind",
    "on_length",
    "on_outage",
    "on_route",
    "on_signature",
]

_FOR_AN_API = (
    "this looks like an access token, which profile id_token refuses; send the ID token, or drop that profile"
)
_ALB = re.compile(r"=(?:\.|\Z)")
_WRAPPING = " \t\r\n'\"`<>"

ON_BINDING = "the token is bound to a key (cnf: DPoP or mutual TLS); as a plain bearer token it is refused"


def on_outage(error: KeySourceError) -> str:
    """Hint at the reason why the service can't judge the token."""
    cause = f" ({escaped(repr(error.__cause__))})" if error.kind == "callback" and error.__cause__ else ""
    return f"the service failed, not the token: {error}{cause}"


def on_form(raw: object) -> str | None:
    """Hint at the likely nature of a string that is no signed token."""
    if not isinstance(raw, str):
        return "pass the token as str"
    if not raw.strip():
        return "there is no token: nothing was passed"
    if raw[:7].lower() == "bearer ":
        return "pass the token alone, without the word Bearer"
    if raw.lstrip().startswith("{"):
        return "this is JSON; only the compact form is accepted"
    if raw.count(".") == 4:
        return "five segments: the token is encrypted (JWE), which is not supported; have the issuer only sign it"
    if raw.count(".") != 2:
        return (
            "this looks like an opaque token, which only its issuer can read; have the issuer make JWT access "
            "tokens (often by asking for this API's audience)"
        )
    if _ALB.search(raw) and _is_of_alb(raw):
        return (
            "AWS's load balancer (ALB) made this token (x-amzn-oidc-data) for its target alone, with padding that JWTs "
            "may not have; have the API take the access token, in x-amzn-oidc-accesstoken"
        )
    if raw != raw.strip(_WRAPPING) or "=" in raw:
        return "quotes, white space or = padding: copy the token exactly"
    return _on_encryption(raw)


def on_length(found: int, longest: int) -> str:
    """Hint at what can be done for a token that is too long."""
    return (
        f"{found} characters: have the issuer leave out what this API does not need, such as roles of other "
        f"clients or groups that are not assigned to it; or set MAX_TOKEN_LENGTH above {longest}, and the "
        "server's own limits for headers"
    )


def _is_of_alb(raw: str) -> bool:
    try:
        header = parse_jws(raw.replace("=", ""), lax=True).header
    except InvalidTokenError:
        return False
    return "signer" in header or "client" in header


def _on_encryption(raw: str) -> str | None:
    try:
        encrypted = parse_jws(raw, lax=True).jose.encrypted
    except InvalidTokenError:
        return None
    return (
        "the header names an enc, as an encrypted token's (JWE) does; have the issuer leave it out"
        if encrypted
        else None
    )


def on_issuer(claims: Mapping[str, Any], issuers: tuple[str, ...]) -> str | None:
    """Hint at the difference from a configured issuer with a similar name."""
    found = claims.get("iss")
    if not isinstance(found, str):
        return None
    if not issuers:
        return (
            "a tenant's URL must be https, on one of Tenants' hosts, and known to find (a None is kept 30 s)"
        )
    for expected in issuers:
        if found.rstrip("/") == expected.rstrip("/"):
            return f"only the trailing slash differs; configure the issuer as {shown(found)}"
        if found.rstrip("/").lower() == expected.rstrip("/").lower():
            return f"only upper and lower case differ; configure the issuer as {shown(found)}"
    entra = ("https://sts.windows.net/", "https://login.microsoftonline.com/")
    if found.startswith(entra) and any(expected.startswith(entra) for expected in issuers):
        return (
            "Entra's v1 tokens name https://sts.windows.net/<tenant>/, its v2 tokens "
            "https://login.microsoftonline.com/<tenant>/v2.0: set requestedAccessTokenVersion in the API's "
            f"manifest, configure the issuer as {shown(found)}, or add this name to ISSUER_ALIASES (aliases=)"
        )
    return None


def on_algorithm(alg: str, claims: Mapping[str, Any]) -> str | None:
    """Hint at the settings for an algorithm that is not allowed."""
    if alg == "HS256" and ".supabase." in str(claims.get("iss")):
        return (
            "Supabase's legacy secret signed it: migrate the project to asymmetric JWT signing keys (Settings, "
            "JWT Keys), and rotate to one"
        )
    if alg in OPT_IN_ALGORITHMS:
        return f"{alg} is supported, but only where algorithms names it"
    if alg.startswith("HS"):
        return "signed with a shared secret: have the issuer sign this API's tokens with a key pair, such as RS256"
    return None


def on_kind(claims: Mapping[str, Any], profile: str) -> str | None:
    """Hint at a token of the other kind."""
    if profile == "id_token":
        return _FOR_AN_API
    return FOR_THE_CLIENT if is_id_token(claims) else None


def on_id_token(claims: Mapping[str, Any], code: str) -> str | None:
    """Hint at the wrong claim of an ID token, or of a token sent in place of one."""
    if code == "wrong_type":
        return _FOR_AN_API
    if code == "wrong_audience":
        return (
            f"under profile id_token every name in aud has to be a client id of yours, in audience; found "
            f"{shown(claims.get('aud'))}. An access token, which names an API, is refused here"
        )
    if code == "wrong_client":
        azp = shown(claims.get("azp"))
        return f"azp is {azp}: if that client signs users in for you, add it to allowed_clients"
    return None


def on_signature(token: UnverifiedToken, claims: Mapping[str, Any]) -> str:
    """Hint at what is behind a signature that no key made."""
    audience = claims.get("aud")
    if "nonce" in token.header and isinstance(audience, str) and audience in GRAPH:
        return (
            "this token is for Microsoft Graph (its header has a nonce), and only Graph can verify it: have the "
            "client ask for a scope of this API"
        )
    return "the token was changed after signing, cut short when copied, or signed by another key with the same kid"


def on_route(token: VerifiedToken, code: str) -> str:
    """Hint at what a good token lacks for a route."""
    if code == "wrong_issuer":
        return f"the route takes tokens of other issuers than {shown(token.issuer)}"
    return (
        "the token is good, but lacks what the route asks for: grant it, or compare the places of scopes, "
        "roles and permissions above with SCOPE_CLAIMS, ROLES_CLAIM and PERMISSIONS_CLAIM"
    )


def on_key(
    token: UnverifiedToken, keys: KeyProvider, health: Health | None, claims: Mapping[str, Any]
) -> str | None:
    """Hint at the reason for a missing key."""
    if OKTA_ORG.match(str(claims.get("iss"))):
        return (
            "Okta's org server publishes no keys for its access tokens, which are for Okta alone: use a custom "
            "authorization server, such as /oauth2/default"
        )
    if token.kid is None:
        fitting = keys.key_set.fitting(token.alg)
        tried = f"{fitting} keys fit {token.alg}, and at most {MOST_TRIED} are tried" if fitting else ""
        return f"the token names no kid; {tried or f'no key of the set fits {token.alg}'}"
    if token.kid in keys.key_set.kids():
        return f"the set has this kid, but not for {token.alg}: compare the key's alg and type"
    if None in {key.kid for key in keys.key_set.keys}:
        return (
            f"kid {shown(token.kid)} is not in the set, whose keys without a kid serve only where one alone fits "
            f"{token.alg}: have the issuer name its keys"
        )
    age = getattr(health, "age", None)
    fetched = "" if age is None else f" fetched {age:.0f} s ago"
    return f"kid {shown(token.kid)} is not in the set{fetched}: another environment's token, or keys just rotated"


def meant(token: UnverifiedToken, key: VerificationKey, keys: KeyProvider) -> str:
    """Return the key that the token should be signed with, in words."""
    if key.kid is not None:
        return f"key {shown(key.kid)}"
    if token.kid is not None:
        return "the only key without a kid that fits"
    fitting = keys.key_set.fitting(token.alg)
    return "the only key that fits" if fitting == 1 else f"one of the {fitting} keys that fit"


def keys_in_hand(keys: KeyProvider) -> str:
    """Return the kids of the keys in hand, in words."""
    try:
        kids = sorted(keys.key_set.kids())
    except KeySourceError:
        kids = []
    return ", ".join(map(shown_kid, kids)) or "those still to be fetched"
