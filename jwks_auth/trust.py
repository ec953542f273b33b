"""One issuer as a verifier trusts it: its keys, its algorithms, and the rules for its claims."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from jwks_auth.algorithms import DEFAULT_ALGORITHMS, OPT_IN_ALGORITHMS, checked_algorithms
from jwks_auth.claims import ClaimNames
from jwks_auth.errors import ConfigurationError
from jwks_auth.issuer import Issuer
from jwks_auth.jwk import VerificationKey
from jwks_auth.tokens import AnyAudience, IssuerTerms, checked_audience
from jwks_auth.validators import PROFILES, ClaimRules, Profile

__all__ = ["Bounds", "Trust", "Trusting"]


@dataclass(frozen=True, slots=True)
class Trust:
    """Everything that verifying a token of one issuer needs, prepared when the verifier is made."""

    issuer: Issuer
    find: Callable[[str | None, str], VerificationKey | None]
    algorithms: frozenset[str]
    media_types: frozenset[str | None]
    rules: ClaimRules
    terms: IssuerTerms


@dataclass(frozen=True, slots=True)
class Bounds:
    """What no issuer's own settings can widen: a token outside of them is refused whoever signed it."""

    algorithms: frozenset[str]
    media_types: frozenset[str | None]
    rules: ClaimRules


@dataclass(frozen=True, slots=True)
class Trusting:
    """A verifier's settings, which hold for every issuer that has none of its own."""

    audience: str | Iterable[str] | AnyAudience | None
    algorithms: Iterable[str] | None
    profile: str
    leeway: float
    max_age: float | None
    required_claims: Iterable[str]
    allowed_clients: Iterable[str] | None
    names: ClaimNames

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise ConfigurationError(f"profile: found {self.profile!r}, expected {' or '.join(PROFILES)}")
        for name, seconds in (("leeway", self.leeway), ("max_age", self.max_age or 0)):
            if isinstance(seconds, bool) or not 0 <= seconds < float("inf"):
                raise ConfigurationError(f"{name}: found {seconds!r}, expected seconds, zero or more")

    def in_issuer(self, issuer: Issuer) -> Trust:
        """The trust in *issuer*; raises ``ConfigurationError`` for settings that can't be."""
        names = self.names.overruled(issuer.scope_claims, issuer.roles_claim, issuer.permissions_claim)
        return Trust(
            issuer=issuer,
            find=issuer.keys.find,
            algorithms=issuer.algorithms or self._allow_list(),
            media_types=PROFILES[self.profile].media_types,
            rules=self._rules(names),
            terms=IssuerTerms(names, checked_audience(issuer.audience or self.audience)),
        )

    def bounds(self) -> Bounds:
        """What can be said of a token before its issuer is known."""
        return Bounds(
            frozenset(DEFAULT_ALGORITHMS + OPT_IN_ALGORITHMS),
            PROFILES[self.profile].media_types,
            # An issuer may have its scopes and roles anywhere; aud is held to the same form in any case.
            self._rules(ClaimNames.of((), "aud", "aud")),
        )

    def _rules(self, names: ClaimNames) -> ClaimRules:
        clients = self.allowed_clients
        return ClaimRules(
            names,
            self._required(PROFILES[self.profile]),
            self.leeway,
            self.max_age,
            None if clients is None else _strings("allowed_clients", clients),
        )

    def _allow_list(self) -> frozenset[str]:
        return checked_algorithms(DEFAULT_ALGORITHMS if self.algorithms is None else self.algorithms)

    def _required(self, profile: Profile) -> frozenset[str]:
        age = frozenset() if self.max_age is None else {"iat"}
        return profile.required | _strings("required_claims", self.required_claims) | age


def _strings(label: str, values: str | Iterable[str]) -> frozenset[str]:
    listed = frozenset((values,) if isinstance(values, str) else values)
    if not all(isinstance(value, str) and value for value in listed):
        raise ConfigurationError(f"{label}: found {values!r}, expected non-empty strings")
    return listed
