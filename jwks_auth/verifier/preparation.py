"""``Preparation``: issuers made ready for one verifier, whose rules apply where they have none of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jwks_auth.claims import ClaimRules
from jwks_auth.client import SharedClients
from jwks_auth.errors import ConfigurationError
from jwks_auth.keys import VettedKeys
from jwks_auth.verifier.trusted import TrustedIssuer

__all__ = ["Preparation", "in_a_list"]


class Preparation:
    """Makes issuers ready. Those with the same keys share a client; *among_several* and *allow_fake* are theirs."""

    def __init__(
        self, rules: ClaimRules, *, clock: Callable[[], float], among_several: bool, allow_fake: bool | None
    ) -> None:
        self._rules, self._clock, self._clients = rules, clock, SharedClients()
        self._among_several, self._allow_fake = among_several, allow_fake
        self.on_tenant: Callable[[Any], object] | None = None
        """A function that is told of each tenant's ``Issuer`` made ready."""

    def listed(self, issuer: Any) -> TrustedIssuer:
        """Return a listed *issuer* made ready; raise ``ConfigurationError`` for one that can't be."""
        if not hasattr(issuer, "trusted"):
            raise ConfigurationError(f"issuers: found a {type(issuer).__name__}, expected an Issuer or URL")
        trusted = self._ready(issuer)
        if issuer.client is not None:
            issuer.client.source.voice.issuer = issuer.issuer
        if isinstance(trusted.keys, VettedKeys):
            trusted.keys.check()
        return trusted

    def tenant(self, issuer: Any) -> TrustedIssuer:
        """Return a tenant's ``Issuer`` made ready."""
        trusted = self._ready(issuer)
        if self.on_tenant is not None:
            self.on_tenant(issuer)
        return trusted

    def _ready(self, issuer: Any) -> TrustedIssuer:
        issuer.share_keys(self._clients)
        several, allow_fake = self._among_several, self._allow_fake
        trusted: TrustedIssuer = issuer.trusted(
            self._rules, clock=self._clock, among_several=several, allow_fake=allow_fake
        )
        return trusted


def in_a_list(issuers: Any, *, may_be_none: bool) -> list[Any]:
    """Return *issuers*, one or several, as a list; raise ``ConfigurationError`` for none, unless there may be none."""
    listed = [issuers] if isinstance(issuers, str) or hasattr(issuers, "trusted") else list(issuers)
    if not listed and not may_be_none:
        raise ConfigurationError("issuers: found an empty list, expected one issuer at least")
    return listed
