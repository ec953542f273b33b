"""The conditions of a policy on the parties to a token: its subject, its actor, its sender."""

from __future__ import annotations

from typing import Any

from jwks_auth.claims.need import Need
from jwks_auth.claims.policy_rules import Rule
from jwks_auth.claims.token import VerifiedToken
from jwks_auth.runtime import dataclass

__all__ = ["ActorIs", "IsPerson", "SenderIs"]


@dataclass(frozen=True, slots=True)
class IsPerson(Rule):
    """The token is a person's, not a service's."""

    def allows(self, token: VerifiedToken[Any], now: float) -> bool:
        return not token.is_service

    def describe(self) -> dict[str, Any]:
        return {"person": True}

    def __str__(self) -> str:
        return "a person"


@dataclass(frozen=True, slots=True)
class ActorIs(Rule):
    """Whoever acts for the subject is one of *names*."""

    names: tuple[str, ...]

    def allows(self, token: VerifiedToken[Any], now: float) -> bool:
        return token.actor in self.names

    def describe(self) -> dict[str, Any]:
        return {"actor": list(self.names)}

    def __str__(self) -> str:
        return f"actor {' or '.join(self.names)}"


@dataclass(frozen=True, slots=True)
class SenderIs(Rule):
    """The sender has proved, in one of *ways*, that the token is its own."""

    ways: tuple[str, ...]

    def allows(self, token: VerifiedToken[Any], now: float) -> bool:
        return not (token.proofs.isdisjoint(self.ways) or token.is_for_service_alone)

    def need(self, token: VerifiedToken[Any] | None, now: float) -> Need:
        return Need(sender=self.ways, unbound=token is None or not self.allows(token, now))

    def describe(self) -> dict[str, Any]:
        return {"sender": list(self.ways)}

    def __str__(self) -> str:
        return f"sender proved by {' or '.join(self.ways)}"
