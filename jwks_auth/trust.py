"""One issuer as a verifier trusts it: its keys, its algorithms, and the rules for its claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jwks_auth.algorithms import DEFAULT_ALGORITHMS, OPT_IN_ALGORITHMS
from jwks_auth.claims import ClaimNames, ClaimPath
from jwks_auth.expectations import Expectations
from jwks_auth.issuer import Issuer
from jwks_auth.jwk import VerificationKey
from jwks_auth.tokens import IssuerTerms
from jwks_auth.validators import PROFILES, ClaimRules

__all__ = ["Bounds", "Trust", "bounds_of", "trust_in"]


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


def trust_in(issuer: Issuer, expected: Expectations) -> Trust:
    """The trust in *issuer*, whose own settings stand in for those of *expected*."""
    expected = issuer.overrule(expected)
    return Trust(
        issuer=issuer,
        find=issuer.keys.find,
        algorithms=expected.algorithms,
        media_types=expected.profile.media_types,
        rules=expected.rules,
        terms=expected.terms,
    )


def bounds_of(leeway: float) -> Bounds:
    """What can be said of a token before its issuer is known: that may have any settings of its own."""
    # Scopes and roles may be anywhere; aud is held to the same form in any case.
    aud = ClaimPath.of("aud")
    rules = ClaimRules(ClaimNames((), aud, aud), frozenset(), leeway)
    return Bounds(frozenset(DEFAULT_ALGORITHMS + OPT_IN_ALGORITHMS), PROFILES["default"].media_types, rules)
