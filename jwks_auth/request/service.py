"""``Service``: the part of an authenticator that needs no request of a user: issuers, keys, metadata, logouts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self

from jwks_auth.claims import DEFAULT_MAPPING, ClaimMapping, VerifiedToken
from jwks_auth.errors import ConfigurationError, KeySourceError, Refused
from jwks_auth.proofs import Possession, possession_of
from jwks_auth.request.logout import LogoutEndpoint
from jwks_auth.request.resource import Answer, ResourceMetadata, Resources
from jwks_auth.request.warming import Warmed, awarm_up, have_keys, warm_up
from jwks_auth.runtime import RawToken
from jwks_auth.verifier import AUTHORIZATION, Issuer, TokenVerifier, Verifier

if TYPE_CHECKING:
    from jwks_auth.telemetry import Telemetry

__all__ = ["Given", "Service"]


class Places(Protocol):
    """The places where tokens may stand, as ``Sources`` knows them."""

    @property
    def all(self) -> tuple[str, ...]:
        """Every place."""

    def header_for(self, raw: str) -> tuple[str, str]:
        """Return the header by which a client sends *raw*."""

    def security_schemes(self, name: str) -> dict[str, dict[str, str]]:
        """Return OpenAPI's security schemes."""


class Given(NamedTuple):
    """The arguments that an authenticator was made with, beside its settings."""

    verifier: Verifier | None
    on_verified: Callable[[VerifiedToken], object] | None
    on_rejected: Callable[[Refused], object] | None
    on_event: Callable[[Any], object] | None
    clock: Callable[[], float]
    has_csrf: bool
    server_span: Callable[[Any], Any] | None


class Service:
    """A service that trusts issuers, and tells clients of them."""

    made: ClassVar[list[Callable[[Service], object]]] = []
    """Functions that are called with each new authenticator: a test has one while it trusts a fake issuer."""

    _given: Given
    _telemetry: Telemetry | None
    verifier: Verifier
    _described: TokenVerifier | None
    _resources: Resources
    _sources: Places
    _possession: Possession
    _clock: Callable[[], float]
    _logout: LogoutEndpoint | None

    @property
    def given_verifier(self) -> Verifier | None:
        """The verifier that it was given beside its settings."""
        return self._given.verifier

    def like(self, settings: Any, **changes: Any) -> Self:
        """Return an authenticator with other *settings*, and with this one's callbacks and clock but for *changes*."""
        make: Any = type(self)
        made: Self = make(settings, **{**self._given._asdict(), **changes})
        return made

    def note_allowed(self, token: VerifiedToken) -> None:
        """Note, for telemetry, that a policy allows an admitted token; where it refuses one, the refusal is told."""
        if self._telemetry is not None and self._telemetry.instruments.watched:
            self._telemetry.allowed(token)

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The issuers whose tokens are accepted."""
        return self.verifier.issuers

    @property
    def advice(self) -> tuple[str, ...]:
        """What the service would do well to set, in words; the log has it too."""
        return self._possession.advice

    def metadata(self, resource: str | None = None) -> ResourceMetadata:
        """Return the metadata of ``RESOURCE``, or of a *resource* that is a route's audience.

        Raises ``ConfigurationError`` if there is none.
        """
        return self._resources.metadata(resource)

    def well_known(self, method: str, path: str) -> Answer | None:
        """Return the answer if *path* is one for metadata, for adapters to send before all else; otherwise ``None``."""
        return self._resources.answer(method, path)

    @property
    def logout_path(self) -> str | None:
        """The path at which providers tell of logouts; ``None`` if they don't."""
        return None if self._logout is None else self._logout.path

    def log_out(self, method: str, content_type: str | None, body: RawToken) -> Answer:
        """Return the answer to a request at :attr:`logout_path`, for adapters to send before all else.

        *body* holds its octets, of which ``LONGEST_LOGOUT`` and one more need be read.
        """
        return self._asked.answer(method, content_type, body)

    async def alog_out(self, method: str, content_type: str | None, body: RawToken) -> Answer:
        """Do as :meth:`log_out`, on an event loop."""
        return await self._asked.aanswer(method, content_type, body)

    @property
    def _asked(self) -> LogoutEndpoint:
        if self._logout is None:
            raise ConfigurationError(
                "LOGOUT_PATH is missing: the path at which the provider posts logout tokens"
            )
        return self._logout

    def warm_up(self) -> None:
        """Fetch every issuer's keys now, and read the revocations, also after one of them fails.

        Raises :class:`KeySourceError` at the end, for the first issuer without keys.
        """
        warm_up(self._cold)

    async def awarm_up(self) -> None:
        """Do as :meth:`warm_up`, on an event loop, and for all issuers at once."""
        await awarm_up(self._cold)

    @property
    def _cold(self) -> tuple[Warmed, ...]:
        copy = None if self._described is None else self._described.revocation
        return self.issuers if copy is None else (*self.issuers, copy)

    def health(self) -> dict[str, Any]:
        """Return each issuer's key health, by issuer."""
        return {issuer.issuer: issuer.health() for issuer in self.issuers}

    def ready(self) -> bool:
        """Return whether any issuer's keys are at hand, for a readiness endpoint.

        Without any it first tries to fetch them, as a request would: none comes while a load balancer is told to wait.
        """
        if not have_keys(self.issuers):
            with suppress(KeySourceError):
                warm_up(self.issuers)
        return have_keys(self.issuers)

    async def aready(self) -> bool:
        """Do as :meth:`ready`, on an event loop."""
        if not have_keys(self.issuers):
            with suppress(KeySourceError):
                await awarm_up(self.issuers)
        return have_keys(self.issuers)

    def mapping_of(self, issuer: str) -> ClaimMapping:
        """Return the claim mapping of *issuer*, from the settings."""
        return DEFAULT_MAPPING if self._described is None else self._described.mapping_of(issuer)

    @property
    def sources(self) -> tuple[str, ...]:
        """The places where tokens may stand, as in ``TOKEN_SOURCES``: those of all issuers."""
        return self._sources.all

    def header_for(self, raw: str) -> tuple[str, str]:
        """Return the header, name and value, by which a client sends the token *raw* to this service."""
        return self._sources.header_for(raw)

    def security_schemes(self, name: str) -> dict[str, dict[str, str]]:
        """Return OpenAPI's security schemes, one for each source; any will do, and the first has the name *name*."""
        return self._sources.security_schemes(name)

    def _proofs(self, shared: Mapping[str, Any], label: str) -> Possession:
        """Return the judge of proofs, for the bindings of all issuers that are known."""
        names = [issuer.issuer for issuer in self.issuers]
        described = self._described
        if described is not None and described.has_tenants:
            names.append("")  # the rules of the verifier itself
        owns = [self.mapping_of(name).binding for name in names]
        return possession_of(shared, owns, self._clock, label=label)

    def _described_resources(self, shared: Mapping[str, Any]) -> Resources:
        mappings = {issuer.issuer: self.mapping_of(issuer.issuer) for issuer in self.issuers}
        in_header = AUTHORIZATION in self._sources.all
        return Resources(shared, mappings, in_header=in_header)
