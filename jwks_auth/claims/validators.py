"""The rules for a token's claims (RFC 7519 section 4.1, RFC 9068 section 4, RFC 8725). Time is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jwks_auth.claims.kinds import refuse_other_kinds
from jwks_auth.claims.paths import client_of
from jwks_auth.claims.rules import ClaimRules
from jwks_auth.errors import InvalidTokenError

__all__ = ["certain_times", "validate_claims", "validate_times"]


# A later date is a mistake of units (milliseconds) or an attack on code that converts it.
_LAST_DATE = 1e11

_MARGIN = 1.0
"""Seconds before the end of a token's time, and after its begin, in which sums and differences may round."""

_NUMBERS = frozenset({int, float})  # bool is a subclass of int, so types are compared

_CLIENTS = frozenset({"client_id", "azp"})  # strings where a profile or a setting requires them


def validate_claims(claims: Mapping[str, Any], rules: ClaimRules, now: float) -> None:
    """Raise ``InvalidTokenError`` unless everything but the audience is right.

    A claim that is ``null`` counts as absent. Scopes, roles and permissions are judged when they are read.
    """
    if claims.get("exp") is None:
        raise InvalidTokenError("missing_claim")
    if rules.required:
        _validate_required(claims, rules.required)
    subject, name, audience = claims.get("sub"), claims.get("jti"), claims.get("aud")
    if not (
        (subject is None or isinstance(subject, str))
        and (name is None or isinstance(name, str))
        and (audience is None or isinstance(audience, str) or _is_strings(audience))
    ):
        raise InvalidTokenError("invalid_claim")
    validate_times(claims, rules, now)
    refuse_other_kinds(claims, rules.profile)
    if rules.profile == "id_token":
        _validate_clients(claims, rules)
    elif rules.allowed_clients is not None:
        _validate_client(claims, rules.allowed_clients)


def validate_times(claims: Mapping[str, Any], rules: ClaimRules, now: float) -> None:
    """Raise ``InvalidTokenError`` unless *claims*, which have an ``exp``, are valid at *now*, in seconds since 1970."""
    expires_at, not_before, issued_at = claims["exp"], claims.get("nbf"), claims.get("iat")
    not_before = 0 if not_before is None else not_before
    issued_at = 0 if issued_at is None else issued_at
    if not (type(expires_at) in _NUMBERS and type(not_before) in _NUMBERS and type(issued_at) in _NUMBERS):
        raise InvalidTokenError("invalid_claim")
    early, late = now + rules.leeway, now - rules.leeway
    if not (
        late < expires_at < _LAST_DATE
        and -_LAST_DATE < not_before <= early
        and -_LAST_DATE < issued_at <= early
    ):
        raise InvalidTokenError(_fault_of_dates(expires_at, not_before, issued_at, late=late))
    if rules.max_age is not None:
        _validate_age(claims[rules.age_claim], late - rules.max_age, early)


def certain_times(claims: Mapping[str, Any], rules: ClaimRules) -> tuple[float, float]:
    """Return two times between which *claims*, once valid, pass :func:`validate_times` without being looked at."""
    since = [claims[name] for name in ("nbf", "iat") if claims.get(name) is not None]
    until = [claims["exp"]]
    if rules.max_age is not None:
        since.append(claims[rules.age_claim])
        until.append(claims[rules.age_claim] + rules.max_age)
    return max(since, default=0) - rules.leeway + _MARGIN, min(until) + rules.leeway - _MARGIN


def _validate_required(claims: Mapping[str, Any], required: frozenset[str]) -> None:
    # An empty subject counts as absent.
    if None in map(claims.get, required) or ("sub" in required and claims["sub"] == ""):
        raise InvalidTokenError("missing_claim")
    if not all(isinstance(claims[name], str) for name in _CLIENTS & required):
        raise InvalidTokenError("invalid_claim")


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _validate_age(since: Any, oldest: float, newest: float) -> None:
    if type(since) not in _NUMBERS or not -_LAST_DATE < since < _LAST_DATE:
        raise InvalidTokenError("invalid_claim")
    if not oldest <= since <= newest:
        raise InvalidTokenError("too_old" if since < oldest else "not_yet_valid")


def _validate_client(claims: Mapping[str, Any], allowed: frozenset[str]) -> None:
    party = claims.get("azp")
    # Some issuers let users add claims: a client_id of theirs must not outweigh the issuer's azp.
    if client_of(claims) not in allowed or (isinstance(party, str) and party not in allowed):
        raise InvalidTokenError("wrong_client")


def _validate_clients(claims: Mapping[str, Any], rules: ClaimRules) -> None:
    """Judge the clients of an ID token (OpenID Connect Core 3.1.3.7, 3 to 5): the service must have named each."""
    clients = rules.audience if isinstance(rules.audience, frozenset) else frozenset()
    named = {claims["aud"]} if isinstance(claims["aud"], str) else set(claims["aud"])
    if not named or not named <= clients:
        raise InvalidTokenError("wrong_audience")
    party = claims.get("azp")
    if not isinstance(party, str | None):
        raise InvalidTokenError("invalid_claim")
    if party is not None and party not in clients and party not in (rules.allowed_clients or ()):
        raise InvalidTokenError("wrong_client")


def _fault_of_dates(*dates: float, late: float) -> str:
    # The range also refuses infinity ("1e999").
    if not all(-_LAST_DATE < date < _LAST_DATE for date in dates):
        return "invalid_claim"
    return "expired" if dates[0] <= late else "not_yet_valid"
