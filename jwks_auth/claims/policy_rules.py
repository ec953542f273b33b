"""The conditions a :class:`~jwks_auth.claims.policy.Policy` is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import chain, product
from typing import Any, Literal

from jwks_auth.claims.paths import ClaimPath, find_claim
from jwks_auth.claims.token import VerifiedToken

__all__ = ["ActorIs", "AllOf", "AnyOf", "ClaimIs", "Contains", "IsPerson", "Kind", "Not", "Rule"]

Kind = Literal["scopes", "roles", "permissions"]


class Rule(ABC):
    """One condition on a verified token."""

    __slots__ = ()

    @abstractmethod
    def allows(self, token: VerifiedToken[Any]) -> bool:
        """Return whether the token meets it."""

    def missing_scopes(self, token: VerifiedToken[Any]) -> tuple[str, ...]:
        """Return the scopes that a token needs in addition to meet it."""
        return ()

    def scopes(self) -> tuple[str, ...]:
        """Every scope it asks for."""
        return ()

    def scope_alternatives(self) -> list[tuple[str, ...]]:
        """Sets of scopes: a token needs one of them. An empty one asks for none."""
        return [()]

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """The condition as JSON values."""


@dataclass(frozen=True, slots=True)
class Contains(Rule):
    """The token has every one, or any one, of *names* among its scopes, roles or permissions."""

    kind: Kind
    names: tuple[str, ...]
    every: bool

    def allows(self, token: VerifiedToken[Any]) -> bool:
        granted: frozenset[str] = getattr(token, self.kind)
        return granted.issuperset(self.names) if self.every else not granted.isdisjoint(self.names)

    def missing_scopes(self, token: VerifiedToken[Any]) -> tuple[str, ...]:
        granted = token.scopes
        return tuple(scope for scope in self.scopes() if scope not in granted)

    def scopes(self) -> tuple[str, ...]:
        return self.names if self.kind == "scopes" else ()

    def scope_alternatives(self) -> list[tuple[str, ...]]:
        return [self.scopes()] if self.every or self.kind != "scopes" else [(name,) for name in self.names]

    def describe(self) -> dict[str, Any]:
        return {self._option: list(self.names)}

    def __str__(self) -> str:
        return f"{self._option} {', '.join(self.names)}"

    @property
    def _option(self) -> str:
        return self.kind if self.every else f"any_{self.kind.rstrip('s')}"


@dataclass(frozen=True, slots=True)
class ClaimIs(Rule):
    """The claim has this value and type, or is a list that holds it."""

    path: ClaimPath
    value: Any

    def allows(self, token: VerifiedToken[Any]) -> bool:
        found = find_claim(token.payload, self.path, _ABSENT)
        candidates = [found, *found] if isinstance(found, list) else [found]
        return any(_same(item, self.value) for item in candidates)

    def describe(self) -> dict[str, Any]:
        return {"claims": {self.path.name: self.value}}

    def __str__(self) -> str:
        return f"claim {self.path.name} {self.value!r}"


@dataclass(frozen=True, slots=True)
class IsPerson(Rule):
    """The token is a person's, not a service's."""

    def allows(self, token: VerifiedToken[Any]) -> bool:
        return not token.is_service

    def describe(self) -> dict[str, Any]:
        return {"person": True}

    def __str__(self) -> str:
        return "a person"


@dataclass(frozen=True, slots=True)
class ActorIs(Rule):
    """Whoever acts for the subject is one of *names*."""

    names: tuple[str, ...]

    def allows(self, token: VerifiedToken[Any]) -> bool:
        return token.actor in self.names

    def describe(self) -> dict[str, Any]:
        return {"actor": list(self.names)}

    def __str__(self) -> str:
        return f"actor {' or '.join(self.names)}"


@dataclass(frozen=True, slots=True)
class AllOf(Rule):
    """Every part is met."""

    parts: tuple[Rule, ...]

    def allows(self, token: VerifiedToken[Any]) -> bool:
        return all(part.allows(token) for part in self.parts)

    def missing_scopes(self, token: VerifiedToken[Any]) -> tuple[str, ...]:
        unmet = (part for part in self.parts if not part.allows(token))
        return tuple(chain.from_iterable(part.missing_scopes(token) for part in unmet))

    def scopes(self) -> tuple[str, ...]:
        return tuple(chain.from_iterable(part.scopes() for part in self.parts))

    def scope_alternatives(self) -> list[tuple[str, ...]]:
        choices = product(*(part.scope_alternatives() for part in self.parts))
        return [tuple(dict.fromkeys(chain.from_iterable(chosen))) for chosen in choices]

    def describe(self) -> dict[str, Any]:
        return {"all_of": [part.describe() for part in self.parts]}

    def __str__(self) -> str:
        return " and ".join(map(_bracketed, self.parts))


@dataclass(frozen=True, slots=True)
class AnyOf(AllOf):
    """At least one part is met."""

    def allows(self, token: VerifiedToken[Any]) -> bool:
        return any(part.allows(token) for part in self.parts)

    def scope_alternatives(self) -> list[tuple[str, ...]]:
        return [choice for part in self.parts for choice in part.scope_alternatives()]

    def describe(self) -> dict[str, Any]:
        return {"any_of": [part.describe() for part in self.parts]}

    def __str__(self) -> str:
        return " or ".join(map(_bracketed, self.parts))


@dataclass(frozen=True, slots=True)
class Not(Rule):
    """The part is not met. No further scope would help, so it asks for none."""

    part: Rule

    def allows(self, token: VerifiedToken[Any]) -> bool:
        return not self.part.allows(token)

    def describe(self) -> dict[str, Any]:
        return {"not": self.part.describe()}

    def __str__(self) -> str:
        return f"not {_bracketed(self.part)}"


_ABSENT = object()
"""The value of an absent claim, as null is a value of its own."""


def _same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are the same. In JSON true is not 1; for Python's ``==`` it is."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _bracketed(part: Rule) -> str:
    return f"({part})" if isinstance(part, AllOf) else str(part)
