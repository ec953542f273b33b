"""The issuers that a verifier trusts, listed ones and tenants, and the choice of the one that signed a token."""

from __future__ import annotations

from typing import Protocol

from jwks_auth.jose import UnverifiedToken, VerificationKey, early_issuer_of
from jwks_auth.verifier.directory import Directory
from jwks_auth.verifier.likely import LikelySigners
from jwks_auth.verifier.trusted import TrustedIssuer

__all__ = ["Trust"]


class Tenants(Protocol):
    """The tenants seen last."""

    def known(self, name: str) -> TrustedIssuer | None:
        """Return the tenant if its answer is young; the callback is never asked."""

    def resolve(self, name: str, token: UnverifiedToken | None = None) -> TrustedIssuer:
        """Return the tenant, or raise ``InvalidTokenError`` or ``KeySourceError``."""

    async def aresolve(self, name: str, token: UnverifiedToken | None = None) -> TrustedIssuer:
        """Do as :meth:`resolve`, without blocking the event loop."""


class Trust:
    """The trust in *listed* issuers and, unless *no_tenants*, in *tenants*."""

    def __init__(self, listed: Directory, tenants: Tenants, *, no_tenants: bool) -> None:
        self.listed, self.tenants = listed, tenants
        # With one issuer, the signature is checked before any claim is read.
        self.sole = listed.issuers[0] if len(listed.issuers) == 1 and no_tenants else None
        """The issuer, if there is but one."""
        self._likely = LikelySigners(listed.issuers)
        self._is_open = (
            not no_tenants
        )  # a tenant may have the keys of a listed issuer, as all of Entra's have

    def signed(self, token: UnverifiedToken) -> tuple[TrustedIssuer, VerificationKey]:
        """Return the issuer whose keys count for *token*, and the one that signed it; its claims are still to judge.

        Raises ``InvalidTokenError`` or ``KeySourceError``.
        """
        issuer = self.sole
        if issuer is None:
            found = self._likely.find(token)
            if found is not None and not self._is_open:
                return found
            name = early_issuer_of(token)
            if found is not None and found[0].goes_by(name):
                return found
            issuer = self.listed.called(name) or self.tenants.resolve(name, token)
        return issuer, issuer.signer(token)

    async def asigned(self, token: UnverifiedToken) -> tuple[TrustedIssuer, VerificationKey]:
        """Do as :meth:`signed`, without blocking the event loop."""
        issuer = self.sole
        if issuer is None:
            found = self._likely.find(token)
            if found is not None and not self._is_open:
                return found
            name = early_issuer_of(token)
            if found is not None and found[0].goes_by(name):
                return found
            issuer = self.listed.called(name) or await self.tenants.aresolve(name, token)
        return issuer, await issuer.asigner(token)

    def now(self, name: str) -> TrustedIssuer | None:
        """Return the issuer trusted under *name*, if that is known without asking anybody."""
        return self.sole or self.listed.called(name) or self.tenants.known(name)

    def under(self, name: str) -> TrustedIssuer:
        """Return the issuer trusted under *name*, one of several or not; raise as :meth:`signed` does."""
        return self.listed.called(name) or self.tenants.resolve(name)

    async def aunder(self, name: str) -> TrustedIssuer:
        """Do as :meth:`under`, without blocking the event loop."""
        return self.listed.called(name) or await self.tenants.aresolve(name)
