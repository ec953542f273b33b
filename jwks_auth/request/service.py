"""``Service``: the part of an authenticator that needs no request: issuers, their keys, the service's metadata."""

from __future__ import annotations

from typing import Any

from jwks_auth.request.resource import Answer, ResourceMetadata, Resources
from jwks_auth.request.warming import awarm_up, warm_up
from jwks_auth.verifier import Issuer, Verifier

__all__ = ["Service"]


class Service:
    """A service that trusts issuers, and tells clients of them."""

    verifier: Verifier
    _resources: Resources

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The issuers whose tokens are accepted."""
        return self.verifier.issuers

    def metadata(self, resource: str | None = None) -> ResourceMetadata:
        """Return the metadata of ``RESOURCE``, or of a *resource* that is a route's audience.

        Raises ``ConfigurationError`` if there is none.
        """
        return self._resources.metadata(resource)

    def well_known(self, method: str, path: str) -> Answer | None:
        """Return the answer if *path* is one for metadata, for adapters to send before all else; otherwise ``None``."""
        return self._resources.answer(method, path)

    def warm_up(self) -> None:
        """Fetch every issuer's keys now, also after one of them fails.

        Raises :class:`KeySourceError` at the end, for the first issuer without keys.
        """
        warm_up(self.issuers)

    async def awarm_up(self) -> None:
        """Do as :meth:`warm_up`, on an event loop, and for all issuers at once."""
        await awarm_up(self.issuers)

    def health(self) -> dict[str, Any]:
        """Return each issuer's key health, by issuer."""
        return {issuer.issuer: issuer.health() for issuer in self.issuers}
