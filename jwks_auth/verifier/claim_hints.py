"""Hints at the claim that is wrong: its name, its type, and what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jwks_auth.challenge import named, shown
from jwks_auth.claims import ClaimRules, RequiredClaims, client_of

__all__ = ["FOR_THE_CLIENT", "is_id_token", "on_claims", "shown_claims"]

FOR_THE_CLIENT = (
    "this looks like an ID token, which tells the client who signed in; send the access token to the API"
)
_CLOCKS = "compare this machine's clock with the issuer's (NTP), or allow a larger leeway"
_FOR_ITSELF = "only its issuer takes such a token back; send the access token to the API"
_DATES = ("exp", "nbf", "iat")
_TELLTALES = ("token_use", "typ", "at_hash", "c_hash", "s_hash", "nonce", "events")
_STRINGS = ("sub", "jti", "client_id", "azp")


def on_claims(claims: Mapping[str, Any], code: str, now: float, rules: ClaimRules) -> str | None:
    """Hint at the claim for which a token is refused with *code*."""
    match code:
        case "missing_claim":
            lacking = sorted(name for name in rules.required | {"exp"} if claims.get(name) in (None, ""))
            return f"the token lacks {', '.join(lacking)}; have the issuer add it"
        case "wrong_type":
            return _on_kind(claims)
        case "wrong_client":
            return _on_client(claims)
        case "not_yet_valid":
            return f"nbf or iat lies ahead; {_CLOCKS}"
        case "expired":
            return _on_expiry(claims, now)
        case "invalid_claim":
            return next(_misfits(claims, rules), None)
    return None


def _on_kind(claims: Mapping[str, Any]) -> str:
    for name in ("token_use", "typ"):
        if claims.get(name) in ("Refresh", "Offline", "Logout", "refresh"):
            return f"{name} is {shown(claims[name])}: {_FOR_ITSELF}"
    telling = [
        name
        for name in ("token_use", "typ", "at_hash", "c_hash", "s_hash", "nonce", "events")
        if name in claims
    ]
    found = f" ({', '.join(f'{name} is {shown(claims[name])}' for name in telling)})" if telling else ""
    return FOR_THE_CLIENT + found


def _on_client(claims: Mapping[str, Any]) -> str:
    client = client_of(claims)
    if client is None:
        return "the token names no client (client_id or azp, as a string), and allowed_clients asks for one"
    party = claims.get("azp")
    other = f" and azp {shown(party)}" if isinstance(party, str) and party != client else ""
    return f"it was issued to client {shown(client)}{other}; if that may call this API, add it to allowed_clients"


def _on_expiry(claims: Mapping[str, Any], now: float) -> str:
    issued_at, expires_at = _number(claims.get("iat")), _number(claims.get("exp"))
    if issued_at is None or expires_at is None or now - issued_at >= 600:
        return "get a new token; clients should refresh before exp"
    return f"it was issued {now - issued_at:.0f} s ago for {expires_at - issued_at:.0f} s; {_CLOCKS}"


def _misfits(claims: Mapping[str, Any], rules: ClaimRules) -> Iterator[str]:
    for name in _DATES:
        value = claims.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            yield f"{name} is {_type_of(value)}, expected a number of seconds since 1970"
        elif (number := _number(value)) is not None and abs(number) > 1e11:
            yield f"{name} is in milliseconds; NumericDate counts seconds"
    for name in _STRINGS:
        if not isinstance(claims.get(name), str | None):
            yield f"{name} is {_type_of(claims[name])}, expected a string"
    audience = claims.get("aud")
    if not isinstance(audience, str | None):
        yield f"aud is {_type_of(audience)}, expected a string or a list of strings alone"
    if isinstance(rules.required_claims, RequiredClaims):
        for name, values in rules.required_claims.values.items():
            found = claims.get(name)
            if not any(type(found) is type(value) and found == value for value in values):
                expected = " or ".join(map(shown, values))
                yield f"{named(name)} is {_type_of(found)}, {shown(found)}; expected {expected}"


def shown_claims(claims: Mapping[str, Any], now: float) -> str:
    """Return the claims, with dates put in words."""
    parts = []
    for name, value in claims.items():
        seconds = _number(value) if name in _DATES else None
        words = (
            "" if seconds is None else f" ({abs(seconds - now):.0f} s {'ahead' if seconds > now else 'ago'})"
        )
        parts.append(f"{named(name)}={shown(value)}{words}")
    return ", ".join(parts)


def is_id_token(claims: Mapping[str, Any]) -> bool:
    """Return whether *claims* look like an ID token's."""
    return bool({"at_hash", "c_hash", "nonce"} & claims.keys()) or claims.get("token_use") == "id"


def _type_of(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "null" if value is None else "true or false"
    if isinstance(value, str):
        return "a string"
    return (
        "a number" if isinstance(value, int | float) else "a list" if isinstance(value, list) else "an object"
    )


def _number(value: object) -> float | None:
    # Beyond that a number is no date in any unit, and may be too large for a float.
    return value if isinstance(value, int | float) and abs(value) < 1e18 else None
