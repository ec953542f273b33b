"""``Routes``: the way of each token by its form and ``iss``: verified here, by the service's function, by its issuer.

A token takes one way. None is tried because another one failed, so no token is sent to an issuer that is not its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from jwks_auth.challenge import shown
from jwks_auth.claims import VerifiedToken
from jwks_auth.errors import ConfigurationError, InvalidTokenError
from jwks_auth.jose import UnverifiedToken, early_issuer_of, seems_jose
from jwks_auth.runtime import RawToken
from jwks_auth.verifier.other_tokens import OtherTokens
from jwks_auth.verifier.token_cache import digest_of
from jwks_auth.verifier.trusted import TrustedIssuer

if TYPE_CHECKING:
    from jwks_auth.verifier.introspection import IntrospectionEndpoint, Introspector

__all__ = ["Routes", "routes_of"]

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 section 2.1
_NAMES_NO_ISSUER = frozenset({"missing_claim", "invalid_claim"})


class Recalling(Protocol):
    """A cache of verified tokens."""

    def recall(self, digest: bytes | None, sent: RawToken) -> VerifiedToken | None:
        """Return the token if its signature needs no check."""


class Signatures(Protocol):
    """The tokens that are verified here."""

    def verify(self, sent: RawToken) -> VerifiedToken:
        """Return the verified token."""

    async def averify(self, sent: RawToken) -> VerifiedToken:
        """Do as :meth:`verify`."""

    @property
    def cache(self) -> Recalling | None:
        """Those that were verified before, if any are kept."""

    def parsed(self, sent: RawToken) -> UnverifiedToken:
        """Return the token, only read."""

    def conclude(self, token: UnverifiedToken, sent: RawToken, digest: bytes | None) -> VerifiedToken:
        """Verify what :meth:`parsed` returned."""

    async def aconclude(self, token: UnverifiedToken, sent: RawToken, digest: bytes | None) -> VerifiedToken:
        """Do as :meth:`conclude`."""


class Routes:
    """Chooses among *signatures*, *others* and *introspectors*. *knows* tells whether a name is an issuer's here.

    Of two issuers that could be asked about one token, neither is: ``ConfigurationError``.
    """

    def __init__(
        self,
        signatures: Signatures,
        others: OtherTokens | None,
        introspectors: Iterable[Introspector],
        *,
        knows: Callable[[str], bool],
        longest: int,
    ) -> None:
        self._signatures, self._others, self._knows, self._longest = signatures, others, knows, longest
        # The longest prefix first, because one may begin with another.
        self.introspectors = tuple(sorted(introspectors, key=lambda each: -len(each.prefix)))
        for one, other in zip(self.introspectors, self.introspectors[1:], strict=False):
            _check_apart(one, other) if one.prefix == other.prefix else None
        self._for_jwts = {each.issuer: each for each in self.introspectors if each.is_for_jwts}
        self.has_others = others is not None
        """True if the service's own function knows tokens too."""
        self._cache = signatures.cache
        # The service's function is asked first, and an issuer about JWTs after their verification.
        self._quick = () if self.has_others or self._for_jwts else self.introspectors
        self._digest = self._digest_wanted()

    def verify(self, sent: RawToken) -> VerifiedToken:
        """Return the verified token, of any audience; raise ``InvalidTokenError`` or ``KeySourceError``."""
        digest = sent.read(self._digest)
        known = None if digest is None else self._recalled(digest, sent)
        if known is None:
            if self.leads_away(sent):
                return self._from_elsewhere(sent)
            token = self._signatures.parsed(sent)
            if self._may_be_other(token, sent) and (found := self._others_token(sent)) is not None:
                return found
            known = self._signatures.conclude(token, sent, digest)
        introspector = self._for_jwts.get(str(known.issuer)) if self._for_jwts else None
        return known if introspector is None else introspector.confirm(known, sent)

    async def averify(self, sent: RawToken) -> VerifiedToken:
        """Do as :meth:`verify`, without blocking the event loop."""
        digest = sent.read(self._digest)
        known = None if digest is None else self._recalled(digest, sent)
        if known is None:
            if self.leads_away(sent):
                return await self._afrom_elsewhere(sent)
            token = self._signatures.parsed(sent)
            if self._may_be_other(token, sent) and (found := await self._aothers_token(sent)) is not None:
                return found
            known = await self._signatures.aconclude(token, sent, digest)
        introspector = self._for_jwts.get(str(known.issuer)) if self._for_jwts else None
        return known if introspector is None else await introspector.aconfirm(known, sent)

    def _digest_wanted(self) -> Callable[[object], bytes | None]:
        """Return the function for the name by which a token may be found again; JWTs are found in a cache alone."""
        if self._cache is not None:
            return digest_of
        return _digest_of_opaque if self._quick else _no_digest

    def _recalled(self, digest: bytes, sent: RawToken) -> VerifiedToken | None:
        """Return a token that was judged before: by its issuer's answer, if that is enough, or here."""
        for each in self._quick:
            if digest in each.active:
                return each.recalled(digest, sent) if sent.place is None else None
        return None if self._cache is None else self._cache.recall(digest, sent)

    def leads_away(self, sent: RawToken) -> bool:
        """Return whether *sent* has the form of a token, but not of one that is verified here."""
        return sent.read(self._is_no_jose)

    def forget(self, sent: RawToken) -> None:
        """Drop what issuers said of a token."""
        for each in self.introspectors:
            each.forget(sent)

    async def aforget(self, sent: RawToken) -> None:
        """Do as :meth:`forget`, in a thread: the store of shared answers may be slow."""
        import asyncio  # which only async services load

        await asyncio.to_thread(self.forget, sent)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of tokens that are accepted."""
        more = {"opaque": bool(self.introspectors), "other": self.has_others}
        return ("jwt", *(kind for kind, is_taken in more.items() if is_taken))

    def _from_elsewhere(self, sent: RawToken) -> VerifiedToken:
        if (found := self._others_token(sent)) is not None:
            return found
        introspector = self._introspector(sent)
        if introspector is None:
            return self._signatures.verify(sent)  # which refuses it
        return introspector.verify(sent)

    async def _afrom_elsewhere(self, sent: RawToken) -> VerifiedToken:
        if (found := await self._aothers_token(sent)) is not None:
            return found
        introspector = self._introspector(sent)
        if introspector is None:
            return await self._signatures.averify(sent)
        return await introspector.averify(sent)

    def _others_token(self, sent: RawToken) -> VerifiedToken | None:
        if self._others is None or not _is_shared(sent):
            return None
        return self._others.verify(sent)

    async def _aothers_token(self, sent: RawToken) -> VerifiedToken | None:
        if self._others is None or not _is_shared(sent):
            return None
        return await self._others.averify(sent)

    def _may_be_other(self, token: UnverifiedToken, sent: RawToken) -> bool:
        """Return whether a JWT names no issuer of this service's, so that it may be one of the function's."""
        if self._others is None or not _is_shared(sent):
            return False
        try:
            return not self._knows(early_issuer_of(token))
        except InvalidTokenError as error:
            return error.code in _NAMES_NO_ISSUER

    def _introspector(self, sent: RawToken) -> Introspector | None:
        """Return the one to ask about a token; ``None`` if its form or its place is that of no issuer's."""
        fitting = (each for each in self.introspectors if sent.read(_begins_with(each.prefix)))
        found, place = next(fitting, None), sent.place
        if found is None or place is None:
            return found
        # Browsers send cookies unasked: one of another application's is nobody's business.
        if found.issuer not in place.issuers or (place.is_cookie and not found.prefix):
            return None
        return found

    def _is_no_jose(self, raw: object) -> bool:
        if not isinstance(raw, str) or seems_jose(raw):
            return False
        return len(raw) <= self._longest and _TOKEN.fullmatch(raw) is not None


def routes_of(
    endpoints: Iterable[tuple[IntrospectionEndpoint | None, TrustedIssuer]],
    signatures: Signatures,
    others: OtherTokens | None,
    *,
    among_several: bool,
    knows: Callable[[str], bool],
    longest: int,
) -> Routes | None:
    """Return the ways of tokens; ``None`` if there is but one, as all of them are verified here."""
    given = [(endpoint, trusted) for endpoint, trusted in endpoints if endpoint is not None]
    if others is None and not given:
        return None
    from jwks_auth.verifier.introspection import Introspector

    asked = [Introspector(endpoint, trusted, among_several=among_several) for endpoint, trusted in given]
    return Routes(signatures, others, asked, knows=knows, longest=longest)


def _begins_with(prefix: str) -> Callable[[str], bool]:
    return lambda raw: raw.startswith(prefix)


def _no_digest(raw: object) -> None:
    """Return none: nothing is kept by which a token could be found."""


def _digest_of_opaque(raw: object) -> bytes | None:
    """Return the digest of what does not begin as nearly all JWTs do, none of which are kept."""
    return None if isinstance(raw, str) and raw.startswith("eyJ") else digest_of(raw)


def _is_shared(sent: RawToken) -> bool:
    """Return whether a token is where the service's own may stand."""
    return sent.place is None or (sent.place.is_shared and not sent.place.is_cookie)


def _check_apart(one: Introspector, other: Introspector) -> None:
    told = f"both with {shown(one.prefix)}" if one.prefix else "neither with a TOKEN_PREFIX"
    raise ConfigurationError(
        f"introspection: {shown(one.issuer)} and {shown(other.issuer)} could be asked about the same token, {told}: "
        "one would get the other's tokens; give each a TOKEN_PREFIX of its own, or set one to off"
    )
