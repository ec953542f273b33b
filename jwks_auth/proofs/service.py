"""The provers of a service, and what it says of them, made from its settings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jwks_auth.challenge import fields
from jwks_auth.claims import Binding, bindings
from jwks_auth.proofs.dpop import DPoP, advice
from jwks_auth.proofs.offer import offer_of
from jwks_auth.proofs.possession import Possession, binding_of
from jwks_auth.proofs.prover import Prover
from jwks_auth.proofs.provers import provers_of

__all__ = ["possession_of"]

log = logging.getLogger("jwks_auth")


def possession_of(
    shared: Mapping[str, Any],
    owns: Iterable[Binding | None],
    clock: Callable[[], float],
    *,
    label: str = "{}",
) -> Possession:
    """Return the judge of ``cnf`` for a service with the settings *shared*, whose issuers have the bindings *owns*.

    *label* names a setting in messages. No I/O; raises ``ConfigurationError``.
    """
    of_service = binding_of(shared)
    each = [bindings(own, of_service) for own in owns] or [of_service]
    provers: dict[str, Prover] = {"dpop": DPoP(shared, clock), **provers_of(shared, each, label)}
    offer = offer_of(each)
    told = [] if offer is None else advice(shared)
    for text in told:
        log.warning("DPoP: %s", text, extra=fields("advice"))
    return Possession(provers, of_service, offer=offer, advice=told)
