"""The protocol of verifiers, which authenticators use."""

from __future__ import annotations

from typing import Protocol

from jwks_auth.claims import AudienceSetting, VerifiedToken
from jwks_auth.runtime import RawToken
from jwks_auth.verifier.issuer import Issuer

__all__ = ["Verifier"]


class Verifier(Protocol):
    """Verifies raw tokens in two steps. ``TokenVerifier`` does so; so may a cache in front of it, or your own class.

    Each step refuses by raising :class:`~jwks_auth.Refused`. The methods with ``a`` in front never block an event loop.
    The caller judges the token's ``confirmation``, because its proof is in the request. A :class:`RawToken` shows its
    text only to a function, ``raw.read(parse)``; tokens of the same text are equal, and can be keys of a mapping.
    """

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The issuers whose tokens are accepted."""

    def verify_any_audience(self, raw: RawToken) -> VerifiedToken:
        """Verify everything that depends neither on the route nor on the request, and return the token."""

    async def averify_any_audience(self, raw: RawToken) -> VerifiedToken:
        """Do as :meth:`verify_any_audience`."""

    def admit(self, token: VerifiedToken, audience: AudienceSetting = None) -> None:
        """Judge what differs between routes and over time: audience, validators, revocation.

        *audience* replaces the configured one. A verifier that wraps another passes it on unchanged.
        """

    async def aadmit(self, token: VerifiedToken, audience: AudienceSetting = None) -> None:
        """Do as :meth:`admit`."""
