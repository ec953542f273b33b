"""One issuer as a verifier trusts it: its keys, its algorithms, and the rules for its claims."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jwks_auth.claims import (
    PROFILES,
    AnyAudience,
    Audience,
    ClaimNames,
    ClaimPath,
    ClaimRules,
    Expectations,
    IssuerTerms,
    VerifiedToken,
    checked_audience,
    validate_audience,
    validate_claims,
)
from jwks_auth.errors import ConfigurationError, InvalidTokenError
from jwks_auth.jose import DEFAULT_ALGORITHMS, OPT_IN_ALGORITHMS, UnverifiedToken, VerificationKey, issuer_of
from jwks_auth.keys import KeyProvider, VettedKeys, vetted
from jwks_auth.verifier.issuer import Issuer

__all__ = [
    "Bounds",
    "OwnAudience",
    "Trust",
    "bounds_of",
    "by_name",
    "check_audience",
    "check_declared",
    "check_for_another_key",
    "check_signature",
    "judged",
    "trust_in",
    "within",
]


class OwnAudience(frozenset[str]):
    """The audience of one of several issuers, which no route widens.

    A partner's tokens are for one of the service's names; a route for another name is no reason to take them there.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Trust:
    """Everything that verifying a token of one issuer needs, prepared when the verifier is made."""

    issuer: Issuer
    vetted: VettedKeys | None
    find: Callable[[str | None, str], VerificationKey | None]
    algorithms: frozenset[str]
    media_types: frozenset[str | None]
    rules: ClaimRules
    terms: IssuerTerms

    @property
    def keys(self) -> KeyProvider:
        """The provider of keys that are not at hand."""
        return self.vetted or self.issuer.keys


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits that no issuer's own settings can widen: a token outside of them is refused whoever signed it."""

    algorithms: frozenset[str]
    media_types: frozenset[str | None]
    rules: ClaimRules


def trust_in(
    issuer: Issuer, expected: Expectations, *, among_several: bool = False, allow_fake: bool | None = None
) -> Trust:
    """The trust in *issuer*, whose own settings stand in for those of *expected*; *among_several* issuers or alone.

    *allow_fake*: whether keys that were handed over may be a ``FakeIssuer``'s; ``None``: the log is told.
    """
    expected = issuer.overrule(expected)
    terms = expected.terms
    if among_several and issuer.has_own_audience and isinstance(issuer.audience, tuple):
        terms = replace(terms, audience=OwnAudience(issuer.audience))
    looked_at = None if issuer.client else vetted(issuer.keys, issuer.issuer, allowed=allow_fake)
    return Trust(
        issuer=issuer,
        vetted=looked_at,
        find=(looked_at or issuer.keys).find,
        algorithms=expected.algorithms,
        media_types=expected.profile.media_types,
        rules=expected.rules,
        terms=terms,
    )


def judged(token: UnverifiedToken, trust: Trust, now: float) -> dict[str, Any]:
    """The claims of *token*, if they are *trust*'s issuer's and in order; raises ``InvalidTokenError``."""
    claims = token.claims
    if issuer_of(claims) != trust.issuer.issuer:
        raise InvalidTokenError("wrong_issuer")
    validate_claims(claims, trust.rules, now)
    return claims


def check_signature(token: UnverifiedToken, key: VerificationKey) -> None:
    """Raise ``InvalidTokenError`` where *key* has not signed *token*."""
    if not token.is_signed(key.verify):
        raise InvalidTokenError("bad_signature")


def check_for_another_key(token: UnverifiedToken, trust: Trust, key: VerificationKey, now: float) -> None:
    """Raise ``InvalidTokenError`` where *key*, which has not signed *token*, is the one that the token means.

    Of a provider that names no keys nobody can tell a bad signature from one by a new key, so that one may be fetched:
    for a token that is otherwise in order.
    """
    if key.kid is not None and token.kid is not None:
        raise InvalidTokenError("bad_signature")
    try:
        judged(token, trust, now)
    except InvalidTokenError as exc:
        raise InvalidTokenError("bad_signature") from exc


def within(asked: Audience, own: Audience | None) -> Audience:
    """The part of a route's audience *asked* that an issuer's tokens may be for, whose terms say *own*."""
    if not isinstance(own, OwnAudience):
        return asked
    return own if isinstance(asked, AnyAudience) else asked & own


def check_audience(
    token: VerifiedToken, audience: str | Iterable[str] | AnyAudience | None = None, *, named: bool = False
) -> None:
    """Judge a verified token's audience alone; *audience* replaces the configured one.

    Of several issuers, one with an audience of its own keeps to it, unless the route *named* its issuer.
    Raises ``ConfigurationError`` when none is said anywhere.
    """
    asked, own = checked_audience(audience), token.terms.audience
    expected = own if asked is None else asked if named else within(asked, own)
    if expected is None:
        raise ConfigurationError(
            "audience: found none, neither for this call nor for the verifier or the issuer; say which "
            "identifiers this service answers to, or ANY_AUDIENCE"
        )
    validate_audience(token.payload, expected)


def check_declared(asked: Audience, terms: Iterable[IssuerTerms]) -> None:
    """Raise ``ConfigurationError`` where no issuer's tokens may be for the audience *asked*."""
    own = [each.audience for each in terms]
    if own and not any(within(asked, each) for each in own):
        names = sorted({name for each in own if isinstance(each, OwnAudience) for name in each})
        raise ConfigurationError(
            f"audience: found {asked!r}, but each issuer has an audience of its own, and no token passes; expected "
            f"some of {', '.join(names)}, or issuer= beside it"
        )


def bounds_of(leeway: float) -> Bounds:
    """Return the limits that hold before the issuer is known, which may have any settings of its own."""
    # Scopes and roles may be anywhere; aud is held to the same form in any case.
    aud = ClaimPath.of("aud")
    rules = ClaimRules(ClaimNames((), aud, aud), frozenset(), leeway)
    return Bounds(frozenset(DEFAULT_ALGORITHMS + OPT_IN_ALGORITHMS), PROFILES["default"].media_types, rules)


def by_name(prepare: Callable[[Issuer], Trust], listed: Sequence[Issuer | str]) -> dict[str, Trust]:
    """The trust in each of the issuers *listed*; raises ``ConfigurationError`` for one that can't be trusted."""
    trusted: dict[str, Trust] = {}
    for entry in listed:
        issuer = Issuer(entry) if isinstance(entry, str) else entry
        if issuer.issuer in trusted:
            raise ConfigurationError(f"issuers: {issuer.issuer!r} is listed twice")
        trust = trusted[issuer.issuer] = prepare(issuer)
        if trust.vetted is not None:
            trust.vetted.check()
    return trusted
