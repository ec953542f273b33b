"""The conditions a :class:`~jwks_auth.claims.policy.Policy` is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import chain, product
from typing import Any, Literal

from jwks_auth.claims.need import NOTHING, Authentication, Need, easiest, together
from jwks_auth.claims.paths import ClaimPath, find_claim
from jwks_auth.claims.token import VerifiedToken
from jwks_auth.runtime import dataclass

__all__ = [
    "AllOf",
    "AnyOf",
    "ClaimIs",
    "Contains",
    "IsAuthenticated",
    "Kind",
    "Not",
    "Rule",
]

Kind = Literal["scopes", "roles", "permissions"]


class Rule(ABC):
    """One condition on a verified token."""

    __slots__ = ()

    @abstractmethod
    def allows(self, token: VerifiedToken[Any], now: float) -> bool:
        """Return whether the token meets it."""

    def need(self, token: VerifiedToken[Any] | None, now: float) -> Need:
        """Return the need of a request with *token*; with ``None`` of one whose token is not known."""
        return NOTHING if token is not None and self.allows(token, now) else Need(closed=True)

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

    def allows(self, token: VerifiedToken[Any], now: float) -> bool:
        granted: frozenset[str] = getattr(token, self.kind)
        return granted.issuperset(self.names) if self.every else not granted.isdisjoint(self.names)

    def need(self, token: VerifiedToken[Any] | None, now: float) -> Need:
        if self.kind != "scopes":
            return Rule.need(self, token, now)
        granted = frozenset() if token is None else token.scopes
        ways = (Need(way, len(set(way) - granted)) for way in self.scope_alternatives())
        return easiest(ways)

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

    def allows(self, token: VerifiedToken[Any], now: float) -> bool:
        found = find_claim(token.payload, self.path, _ABSENT)
        candidates = [found, *found] if isinstance(found, list) else [found]
        return any(_same(item, self.value) for item in candidates)

    def describe(self) -> dict[str, Any]:
        return {"claims": {self.path.name: self.value}}

    def __str__(self) -> str:
        return f"claim {self.path.name} {self.value!r}"


@dataclass(frozen=True, slots=True)
class IsAuthenticated(Rule):
    """The user authenticated in one of the ways asked for, and not too long ago (RFC 9470 section 6.1)."""

    asked: Authentication

    def allows(self, token: VerifiedToken[Any], now: float) -> bool:
        return self._is_way(token.acr) and self._is_recent(token, now)

    def need(self, token: VerifiedToken[Any] | None, now: float) -> Need:
        return Need(authentication=self.asked, weak=token is None or not self.allows(token, now))

    def describe(self) -> dict[str, Any]:
        asked: dict[str, Any] = {"acr": list(self.asked.acr)} if self.asked.acr else {}
        return asked if self.asked.max_age is None else {**asked, "max_auth_age": self.asked.max_age}

    def __str__(self) -> str:
        ways = [f"authentication {' or '.join(self.asked.acr)}"] if self.asked.acr else []
        ages = [] if self.asked.max_age is None else [f"authenticated within {self.asked.max_age} s"]
        return " ".join([*ways, *ages])

    def _is_way(self, acr: Any) -> bool:
        return not self.asked.acr or (isinstance(acr, str) and acr in self.asked.acr)

    def _is_recent(self, token: VerifiedToken[Any], now: float) -> bool:
        if self.asked.max_age is None:
            return True
        at, leeway = token.authenticated_at, token.mapping.leeway
        return at is not None and -leeway <= now - at <= self.asked.max_age + leeway


@dataclass(frozen=True, slots=True)
class AllOf(Rule):
    """Every part is met."""

    parts: tuple[Rule, ...]

    def allows(self, token: VerifiedToken[Any], now: float) -> bool:
        return all(part.allows(token, now) for part in self.parts)

    def need(self, token: VerifiedToken[Any] | None, now: float) -> Need:
        return together(part.need(token, now) for part in self.parts)

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

    def allows(self, token: VerifiedToken[Any], now: float) -> bool:
        return any(part.allows(token, now) for part in self.parts)

    def need(self, token: VerifiedToken[Any] | None, now: float) -> Need:
        return easiest((part.need(token, now) for part in self.parts), known=token is not None)

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

    def allows(self, token: VerifiedToken[Any], now: float) -> bool:
        return not self.part.allows(token, now)

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
