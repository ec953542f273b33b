"""The provers of a service, by its settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jwks_auth.claims import Binding, bindings
from jwks_auth.errors import ConfigurationError
from jwks_auth.proofs.certificates import Certificates, check_proxies
from jwks_auth.proofs.possession import binding_of
from jwks_auth.proofs.prover import Prover

__all__ = ["provers_of"]


def provers_of(
    shared: Mapping[str, Any], issuers: Iterable[Binding | None] = (), label: str = "{}"
) -> dict[str, Prover]:
    """Return the provers of a service with the settings *shared*, by way.

    *issuers* are the bindings that its issuers have themselves, and *label* names a setting in messages. Raises
    ``ConfigurationError`` for settings that contradict each other.
    """
    check_proxies(shared, label)
    if "CLIENT_CERTIFICATE" in shared:
        return {"mtls": Certificates(shared)}
    service = binding_of(shared)
    if any(bindings(own, service).allows("mtls") for own in (None, *issuers)):
        raise ConfigurationError(
            f"{label.format('CLIENT_CERTIFICATE')} is missing: {label.format('MTLS')} takes tokens that are bound to a "
            'client certificate; say where it is: "tls", or {"HEADER": ..., "FORMAT": ...}'
        )
    return {}
