"""Bindings: the proofs that an issuer's tokens need, which are worth nothing without (RFC 7800)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from functools import lru_cache
from typing import Any

from jwks_auth.runtime import dataclass

__all__ = ["MEMBERS", "MODES", "UNBOUND", "WAYS", "Binding", "bindings"]

MODES = ("off", "accept", "require")
"""The words for one way: tokens bound so are refused, accepted, or asked for."""

MEMBERS: Mapping[str, str] = {"jkt": "dpop", "x5t#S256": "mtls"}
"""The members of ``cnf`` that a sender can prove (RFC 9449 section 6.1, RFC 8705 section 3.1), and the way."""

WAYS = frozenset(MEMBERS.values())


@dataclass(frozen=True, slots=True)
class Binding:
    """The proofs that tokens of one issuer need; ``None`` where it says nothing, and the service's own word counts."""

    dpop: str | None = None
    dpop_algorithms: frozenset[str] | None = None
    mtls: str | None = None
    required: frozenset[str] = field(init=False, compare=False)
    """The ways that each token has to be bound in."""

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "required", frozenset(way for way in WAYS if getattr(self, way) == "require")
        )

    def allows(self, way: str) -> bool:
        """Return whether a token may be bound in this way."""
        return getattr(self, way) in ("accept", "require")


UNBOUND = Binding()
"""The binding where nothing is said: bound tokens are refused."""

_SAID = tuple(each.name for each in fields(Binding) if each.init)


def bindings(own: Binding | None, shared: Binding) -> Binding:
    """Return an issuer's *own* binding, completed by that of the service."""
    return shared if own is None else _completed(own, shared)


@lru_cache(maxsize=256)
def _completed(own: Binding, shared: Binding) -> Binding:
    said: dict[str, Any] = {name: getattr(own, name) for name in _SAID}
    return Binding(
        **{name: getattr(shared, name) if value is None else value for name, value in said.items()}
    )
