"""The rules for a token's claims (RFC 7519 section 4.1, RFC 9068 section 4, RFC 8725). Time is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jwks_auth.claims import ClaimNames, client_of, find_claim
from jwks_auth.errors import InvalidTokenError
from jwks_auth.tokens import AnyAudience, Audience

__all__ = ["PROFILES", "ClaimRules", "Profile", "validate_audience", "validate_claims"]


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of access token: the media types its ``typ`` may name, and the claims it must have."""

    media_types: frozenset[str | None]
    required: frozenset[str]


PROFILES = {
    "default": Profile(frozenset({None, "application/jwt", "application/at+jwt"}), frozenset({"iss", "exp"})),
    "rfc9068": Profile(
        frozenset({"application/at+jwt"}),
        frozenset({"iss", "exp", "aud", "sub", "client_id", "iat", "jti"}),
    ),
}
"""``default`` takes what the large providers send; ``rfc9068`` only what RFC 9068 describes."""

# A later date is a mistake of units (milliseconds) or an attack on whoever converts it.
_LAST_DATE = 1e11

_STRINGS = ("sub", "jti", "client_id", "azp")

# What only ID tokens (OpenID Connect Core 3.1.3.6, 3.3.2.11) and security events (RFC 8417) carry.
_OTHER_KINDS = frozenset({"at_hash", "c_hash", "events"})


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What one issuer's claims must be. Durations are seconds; ``clients`` ``None``: any."""

    names: ClaimNames
    required: frozenset[str]
    leeway: float = 30.0
    max_age: float | None = None
    clients: frozenset[str] | None = None


def validate_claims(claims: Mapping[str, Any], rules: ClaimRules, now: float) -> None:
    """Raise ``InvalidTokenError`` unless everything but the audience is right."""
    if not claims.keys() >= rules.required:
        raise InvalidTokenError("missing_claim")
    _validate_types(claims, rules.names)
    _validate_times(claims, rules, now)
    _validate_kind(claims)
    if rules.clients is not None and client_of(claims) not in rules.clients:
        raise InvalidTokenError("wrong_client")


def validate_audience(claims: Mapping[str, Any], expected: Audience) -> None:
    """Raise ``InvalidTokenError`` unless the token names an audience that is *expected* (RFC 9068 section 4)."""
    if isinstance(expected, AnyAudience):
        return
    audience = claims.get("aud", ())
    if audience not in expected if isinstance(audience, str) else expected.isdisjoint(audience):
        raise InvalidTokenError("wrong_audience")


def _validate_types(claims: Mapping[str, Any], names: ClaimNames) -> None:
    for name in _STRINGS:
        if not isinstance(claims.get(name, ""), str):
            raise InvalidTokenError("invalid_claim")
    for value in (
        claims.get("aud", ""),
        names.scopes_in(claims),
        find_claim(claims, names.roles, ""),
        find_claim(claims, names.permissions, ""),
    ):
        if not isinstance(value, str) and not _is_strings(value):
            raise InvalidTokenError("invalid_claim")


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _validate_times(claims: Mapping[str, Any], rules: ClaimRules, now: float) -> None:
    early, late = now + rules.leeway, now - rules.leeway
    if _date(claims, "exp", 0) <= late:
        raise InvalidTokenError("expired")
    if _date(claims, "nbf", 0) > early or _date(claims, "iat", 0) > early:
        raise InvalidTokenError("not_yet_valid")
    if rules.max_age is not None and late - _date(claims, "iat", None) > rules.max_age:
        raise InvalidTokenError("too_old")


def _date(claims: Mapping[str, Any], name: str, default: float | None) -> float:
    date: Any = claims.get(name, default)
    # bool is a subclass of int, so the type is compared. Infinity ("1e999") falls to the range.
    if type(date) not in (int, float) or not -_LAST_DATE < date < _LAST_DATE:
        raise InvalidTokenError("missing_claim" if name not in claims else "invalid_claim")
    return float(date)


def _validate_kind(claims: Mapping[str, Any]) -> None:
    if not claims.keys().isdisjoint(_OTHER_KINDS) or claims.get("token_use", "access") != "access":
        raise InvalidTokenError("wrong_type")
    # A token bound to a key (RFC 9449, RFC 8705) is worth nothing without the proof, which is not checked here.
    if "cnf" in claims:
        raise InvalidTokenError("bound_token")
