"""Expectations of tokens: a verifier's, and an issuer's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from jwks_auth.claims.paths import ClaimNames, ClaimPath
from jwks_auth.claims.token import Audience, IssuerTerms, checked_audience
from jwks_auth.claims.validators import PROFILES, ClaimRules, Profile
from jwks_auth.errors import ConfigurationError
from jwks_auth.jose import DEFAULT_ALGORITHMS, checked_algorithms

__all__ = ["Expectations", "checked_expectations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """Settings by which tokens are judged and read, as :func:`checked_expectations` leaves them."""

    leeway: float
    profile: Profile
    required_claims: frozenset[str]
    scope_claims: tuple[str, ...]
    roles_claim: ClaimPath
    permissions_claim: ClaimPath
    algorithms: frozenset[str] = frozenset(DEFAULT_ALGORITHMS)
    audience: Audience | None = None
    allowed_clients: frozenset[str] | None = None
    max_age: float | None = None

    @property
    def names(self) -> ClaimNames:
        """The claim paths."""
        return ClaimNames(self.scope_claims, self.roles_claim, self.permissions_claim)

    @property
    def rules(self) -> ClaimRules:
        """The rules for claims."""
        dated = frozenset() if self.max_age is None else frozenset({"iat"})
        required = self.profile.required | self.required_claims | dated
        return ClaimRules(self.names, required, self.leeway, self.max_age, self.allowed_clients)

    @property
    def terms(self) -> IssuerTerms:
        """The way a verified token is read."""
        return IssuerTerms(self.names, self.audience)


def checked_expectations(**settings: Any) -> dict[str, Any]:
    """Those settings that are given, for :class:`Expectations`; ``None`` is not given.

    Raises ``ConfigurationError`` for one that can't be meant.
    """
    return {name: _CHECKS[name](value) for name, value in settings.items() if value is not None}


def _profile(name: str) -> Profile:
    if name not in PROFILES:
        raise ConfigurationError(f"profile: found {name!r}, expected {' or '.join(PROFILES)}")
    return PROFILES[name]


def _seconds(label: str, seconds: float) -> float:
    if isinstance(seconds, bool) or not 0 <= seconds < float("inf"):
        raise ConfigurationError(f"{label}: found {seconds!r}, expected seconds, zero or more")
    return seconds


def _listed(values: str | Iterable[str]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


def _strings(label: str, values: str | Iterable[str]) -> frozenset[str]:
    listed = _listed(values)
    if not all(isinstance(value, str) and value.strip() for value in listed):
        raise ConfigurationError(f"{label}: found {listed!r}, expected non-empty strings")
    return frozenset(listed)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "audience": checked_audience,
    "algorithms": checked_algorithms,
    "profile": _profile,
    "leeway": partial(_seconds, "leeway"),
    "max_age": partial(_seconds, "max_age"),
    "required_claims": partial(_strings, "required_claims"),
    "allowed_clients": partial(_strings, "allowed_clients"),
    "scope_claims": _listed,
    "roles_claim": ClaimPath.of,
    "permissions_claim": ClaimPath.of,
}
