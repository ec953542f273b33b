"""One issuer that a verifier trusts: its keys, and the rules for its tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from jwks_auth.claims import ClaimRules, VerifiedToken, other_kind, validate_claims
from jwks_auth.errors import InvalidTokenError
from jwks_auth.jose import Header, UnverifiedToken, VerificationKey, issuer_of
from jwks_auth.keys import Health, KeyProvider
from jwks_auth.runtime import RawToken, dataclass

__all__ = ["Signed", "TrustedIssuer", "refusal"]


class Signed(Protocol):
    """A token whose signature is, or will be, verified."""

    @property
    def jose(self) -> Header:
        """Its header."""

    @property
    def claims(self) -> dict[str, Any]:
        """Its claims."""


@dataclass(frozen=True)
class TrustedIssuer:
    """Everything needed to verify tokens of one issuer, prepared when the verifier is made.

    *find* is the method of *keys*, which never waits. *made_of* is equal for two issuers with the same source of keys.
    """

    name: str
    rules: ClaimRules
    keys: KeyProvider
    find: Callable[[str | None, str], VerificationKey | None]
    clock: Callable[[], float]
    health: Callable[[], Health | None]
    made_of: tuple[object, ...]
    aliases: frozenset[str] = frozenset()
    """Further names, exactly as in tokens."""
    calls_tokens: Callable[[str], bool] | None = None
    """A function that returns whether the issuer's metadata, once it is read, gives it this name in access tokens."""

    def goes_by(self, name: str) -> bool:
        """Return whether tokens may call this issuer *name*."""
        if name == self.name or name in self.aliases:
            return True
        return self.calls_tokens is not None and self.calls_tokens(name)

    def signer(self, token: UnverifiedToken) -> VerificationKey:
        """Return the key of this issuer that signed the token; its claims are left to :meth:`conclude`.

        Raises ``InvalidTokenError`` or ``KeySourceError``.
        """
        key = self.key_at_hand(token) or self.keys.resolve(token.kid, token.alg)
        if not self.is_signed(token, key):
            self.check_signature(token, key := self.keys.resolve(token.kid, token.alg, tried=key))
        return key

    async def asigner(self, token: UnverifiedToken) -> VerificationKey:
        """Do as :meth:`signer`, without blocking the event loop."""
        key = self.key_at_hand(token) or await self.keys.aresolve(token.kid, token.alg)
        if not self.is_signed(token, key):
            self.check_signature(token, key := await self.keys.aresolve(token.kid, token.alg, tried=key))
        return key

    def key_at_hand(self, token: UnverifiedToken) -> VerificationKey | None:
        """Return the token's key if it is in hand.

        Raises ``InvalidTokenError`` for a token that no key could make valid, so that it causes no fetch.
        """
        self.check_header(token.jose)
        key = self.find(token.jose.kid, token.jose.alg)
        if key is None and token.brief_claims is not None:
            self.judge(token)
        return key

    def check_header(self, jose: Header) -> None:
        """Raise ``InvalidTokenError`` for an algorithm or type that this issuer does not use."""
        rules = self.rules
        if jose.alg not in rules.algorithms or jose.media_type not in rules.media_types:
            raise refusal(jose, rules)

    def is_signed(self, token: UnverifiedToken, key: VerificationKey) -> bool:
        """Return whether *key* signed the token; ``False`` only if another key may have signed it.

        Raises ``InvalidTokenError`` for a bad signature if the token names *key*. If keys have no names, a new key may
        have signed the token; only one whose claims are valid, or costly to read, causes a search for it.
        """
        if token.is_signed(key.verify):
            return True
        if key.kid is not None and token.kid is not None:
            raise InvalidTokenError("bad_signature")
        try:
            if token.brief_claims is not None:
                TrustedIssuer.judge(self, token)
        except InvalidTokenError as exc:
            raise InvalidTokenError("bad_signature") from exc
        return False

    def check_signature(self, token: UnverifiedToken, key: VerificationKey) -> None:
        """Raise ``InvalidTokenError`` unless *key* signed the token."""
        if not token.is_signed(key.verify):
            raise InvalidTokenError("bad_signature")

    def judge(self, token: Signed) -> dict[str, Any]:
        """Return the token's claims if they are valid for this issuer; raise ``InvalidTokenError``."""
        claims = token.claims
        name = issuer_of(claims)
        if name != self.name and not self.goes_by(name):
            raise InvalidTokenError("wrong_issuer")
        validate_claims(claims, self.rules, self.clock())
        for judge in self.rules.judges:
            judge(claims)
        return claims

    def conclude(self, token: Signed, sent: RawToken) -> VerifiedToken:
        """Make a verified token of one whose signature is verified; raises ``InvalidTokenError`` for its claims."""
        claims = self.judge(token)
        return VerifiedToken(claims, token.jose.members, claims, self.rules.mapping, sent)


def refusal(jose: Header, rules: ClaimRules) -> InvalidTokenError:
    """Return the error for a header with an algorithm or type that *rules* do not allow."""
    if jose.alg not in rules.algorithms:
        return InvalidTokenError("algorithm_not_allowed")
    return other_kind(rules.profile)
