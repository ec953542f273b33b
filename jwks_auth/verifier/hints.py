"""Hints at common mistakes behind a refused token, found in the token itself."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from jwks_auth.challenge import escaped, named, shown
from jwks_auth.claims import client_of
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

__all__ = [
    "ON_BINDING",
    "ON_SIGNATURE",
    "keys_in_hand",
    "meant",
    "on_algorithm",
    "on_audience",
    "on_claims",
    "on_form",
    "on_id_token",
    "on_issuer",
    "on_key",
    "on_kind",
    "on_length",
    "on_outage",
    "shown_claims",
]

_FOR_THE_CLIENT = (
    "this looks like an ID token, which tells the client who signed in; send the access token to the API"
)
_FOR_AN_API = (
    "this looks like an access token, which profile id_token refuses; send the ID token, or drop that profile"
)
_WRAPPING = " \t\r\n'\"`<>"
_CLOCKS = "compare this machine's clock with the issuer's (NTP), or allow a larger leeway"

ON_BINDING = "the token is bound to a key (cnf: DPoP or mutual TLS); as a plain bearer token it is refused"
ON_SIGNATURE = (
    "changed after it was signed, cut short when copied, or signed by another key with the same kid"
)


def on_outage(error: KeySourceError) -> str:
    """Hint at the reason why the service can't judge the token."""
    cause = f" ({escaped(repr(error.__cause__))})" if error.kind == "callback" and error.__cause__ else ""
    return f"this says nothing of the token: {error}{cause}"


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
    if raw != raw.strip(_WRAPPING) or "=" in raw:
        return "quotes, white space or = padding: copy the token exactly"
    return _on_encryption(raw)


def on_length(found: int, longest: int) -> str:
    """Hint at what can be done for a token that is too long."""
    return (
        f"{found} characters: have the issuer leave out what this API does not need, such as roles of other clients or "
        f"groups that are not assigned to it; or set MAX_TOKEN_LENGTH above {longest}, and the server's own limits for "
        "headers"
    )


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
        return "a tenant's URL is https, on one of Tenants' hosts, and known to its find (a None is kept a while)"
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


def on_algorithm(alg: str) -> str | None:
    """Hint at the settings for an algorithm that is not allowed."""
    if alg in OPT_IN_ALGORITHMS:
        return f"{alg} is supported, but only where algorithms names it"
    if alg.startswith("HS"):
        return (
            "a shared secret made it: have the issuer sign this API's tokens with a key pair, such as RS256"
        )
    return None


def on_kind(claims: Mapping[str, Any], profile: str) -> str | None:
    """Hint at a token of the other kind."""
    if profile == "id_token":
        return _FOR_AN_API
    return _FOR_THE_CLIENT if _is_id_token(claims) else None


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


def on_key(token: UnverifiedToken, keys: KeyProvider, health: Health | None) -> str | None:
    """Hint at the reason for a missing key."""
    if token.kid is None:
        fitting = keys.key_set.fitting(token.alg)
        tried = f"{fitting} keys fit {token.alg}, and at most {MOST_TRIED} are tried" if fitting else ""
        return f"the token names no kid; {tried or f'no key of the set fits {token.alg}'}"
    if token.kid in keys.key_set.kids():
        return f"the set has this kid, but not for {token.alg}: compare the key's alg and type"
    age = getattr(health, "age", None)
    fetched = "" if age is None else f" fetched {age:.0f} s ago"
    return f"kid {shown(token.kid)} is not in the set{fetched}: another environment's token, or keys just rotated"


def on_claims(claims: Mapping[str, Any], code: str, now: float, *, needed: Set[str]) -> str | None:
    """Hint at the wrong claim."""
    if code == "missing_claim":
        lacking = sorted(name for name in needed if claims.get(name) is None)
        return f"the token lacks {', '.join(lacking)}; have the issuer add it"
    if code == "wrong_type":
        return _FOR_THE_CLIENT
    if code == "wrong_client":
        client = shown(client_of(claims))
        return f"it was issued to client {client}; if that may call this API, add it to allowed_clients"
    issued_at, expires_at = _number(claims.get("iat")), _number(claims.get("exp"))
    if code == "not_yet_valid":
        return f"nbf or iat lies ahead; {_CLOCKS}"
    if code == "expired" and issued_at is not None and expires_at is not None and now - issued_at < 600:
        return f"it was issued {now - issued_at:.0f} s ago for {expires_at - issued_at:.0f} s; {_CLOCKS}"
    if code == "expired":
        return "get a new token; clients should refresh before exp"
    if code == "invalid_claim" and expires_at is not None and expires_at > 1e11:
        return "exp is in milliseconds; NumericDate counts seconds"
    return None


def on_audience(claims: Mapping[str, Any]) -> str:
    """Hint at the difference between the audiences."""
    audience = claims.get("aud")
    client = client_of(claims)
    if audience is None:
        return "the token names no audience; ask the issuer for one when requesting the token"
    if (client is not None and audience in (client, [client])) or _is_id_token(claims):
        return f"the audience is the client's id: {_FOR_THE_CLIENT}"
    return "the client asked for another API's token; or, if this one is meant, add it to the audience"


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


def shown_claims(claims: Mapping[str, Any], now: float) -> str:
    """Return the claims, with dates in words."""
    parts = []
    for name, value in claims.items():
        seconds = _number(value) if name in ("exp", "nbf", "iat") else None
        words = (
            "" if seconds is None else f" ({abs(seconds - now):.0f} s {'ahead' if seconds > now else 'ago'})"
        )
        parts.append(f"{named(name)}={shown(value)}{words}")
    return ", ".join(parts)


def _is_id_token(claims: Mapping[str, Any]) -> bool:
    return bool({"at_hash", "c_hash", "nonce"} & claims.keys()) or claims.get("token_use") == "id"


def _number(value: object) -> float | None:
    # A larger number is no date in any unit, and may not fit a float.
    return value if isinstance(value, int | float) and abs(value) < 1e18 else None
