"""The protocol of verifiers: what an authenticator asks, whoever answers."""

from __future__ import annotations

from typing import Protocol

from jwks_auth.claims import AudienceSetting, VerifiedToken
from jwks_auth.runtime import RawToken
from jwks_auth.verifier.issuer import Issuer

__all__ = ["Verifier"]


class Verifier(Protocol):
    """Verifies raw tokens in two steps; ``TokenVerifier`` does, and so may a cache in front of it, or your own.

    Each step refuses by raising :class:`~jwks_auth.Refused`. The a-twins never block an event loop. The caller judges
    the token's ``confirmation``, as only the request can prove it. A :class:`RawToken` shows its text to a function
    alone, ``raw.read(parse)``; it is equal to another of the same text, and can be a key.
    """

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The issuers whose tokens are accepted."""

    def verify_any_audience(self, raw: RawToken) -> VerifiedToken:
        """The token, verified in all that depends neither on the route nor on the request."""

    async def averify_any_audience(self, raw: RawToken) -> VerifiedToken:
        """Do as :meth:`verify_any_audience`."""

    def admit(self, token: VerifiedToken, audience: AudienceSetting = None) -> None:
        """Judge what may differ from route to route and moment to moment: audience, validators, revocation.

        *audience* replaces the configured one. A verifier that asks another passes it on as it is.
        """

    async def aadmit(self, token: VerifiedToken, audience: AudienceSetting = None) -> None:
        """Do as :meth:`admit`."""
