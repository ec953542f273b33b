"""``Signatures``: the tokens that are verified here, by the keys of their issuers."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from jwks_auth.claims import VerifiedToken
from jwks_auth.jose import UnverifiedToken, VerificationKey, parse_jws
from jwks_auth.runtime import RawToken
from jwks_auth.verifier.token_cache import TokenCache, digest_of
from jwks_auth.verifier.trusted import TrustedIssuer

__all__ = ["Signatures"]


class Trust(Protocol):
    """The choice of the key that signed a token."""

    def signed(self, token: UnverifiedToken) -> tuple[TrustedIssuer, VerificationKey]:
        """Return the issuer whose keys count for *token*, and the one that signed it."""

    async def asigned(self, token: UnverifiedToken) -> tuple[TrustedIssuer, VerificationKey]:
        """Do as :meth:`signed`, without blocking the event loop."""


class Signatures:
    """Verifies JWTs of trusted issuers, of *longest* characters at most, with a *cache* of what was verified before."""

    def __init__(self, trust: Trust, cache: TokenCache | None, longest: int) -> None:
        self._trust, self._cache = trust, cache
        self._parse = partial(parse_jws, longest=longest)

    def verify(self, sent: RawToken) -> VerifiedToken:
        """Return the verified token, of any audience; raise ``InvalidTokenError`` or ``KeySourceError``."""
        cache = self._cache
        if cache is None:
            return self.conclude(sent.read(self._parse), sent, None)
        digest = sent.read(digest_of)
        return cache.recall(digest, sent) or self.conclude(sent.read(self._parse), sent, digest)

    async def averify(self, sent: RawToken) -> VerifiedToken:
        """Do as :meth:`verify`, without blocking the event loop."""
        cache = self._cache
        if cache is None:
            return await self.aconclude(sent.read(self._parse), sent, None)
        digest = sent.read(digest_of)
        return cache.recall(digest, sent) or await self.aconclude(sent.read(self._parse), sent, digest)

    @property
    def cache(self) -> TokenCache | None:
        """The tokens that were verified before, if any are kept."""
        return self._cache

    def parsed(self, sent: RawToken) -> UnverifiedToken:
        """Return the token, only read; raise ``InvalidTokenError``."""
        return sent.read(self._parse)

    def conclude(self, token: UnverifiedToken, sent: RawToken, digest: bytes | None) -> VerifiedToken:
        """Verify what :meth:`parsed` returned, and remember it by *digest*."""
        signed = self._trust.signed(token)
        verified = signed[0].conclude(token, sent)
        if self._cache is not None:
            self._cache.note(digest, signed, token, sent)
        return verified

    async def aconclude(self, token: UnverifiedToken, sent: RawToken, digest: bytes | None) -> VerifiedToken:
        """Do as :meth:`conclude`, without blocking the event loop."""
        signed = await self._trust.asigned(token)
        verified = signed[0].conclude(token, sent)
        if self._cache is not None:
            self._cache.note(digest, signed, token, sent)
        return verified
