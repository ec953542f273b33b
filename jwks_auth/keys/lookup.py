"""Lookups: the value that is sought in a snapshot, and how a search for it ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

from jwks_auth.errors import KeySourceError
from jwks_auth.jose import VerificationKey
from jwks_auth.keys.provider import other_than
from jwks_auth.keys.state import Snapshot

__all__ = ["Lookup", "LookupResult", "RecentKids", "key_lookup", "resolved"]

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Lookup(Generic[ValueT]):
    """A search: *pick* finds the value in a snapshot, or returns ``None``."""

    pick: Callable[[Snapshot], ValueT | None]
    kid: str | None = None
    again: bool = False
    """The value found before was not the right one: only a budgeted fetch may bring it."""

    def usable(self, snapshot: Snapshot, now: float) -> ValueT | None:
        """Return the value, if *snapshot* may be used at *now*."""
        return self.pick(snapshot) if now < snapshot.life.unusable_at else None


@dataclass(frozen=True, slots=True)
class LookupResult(Generic[ValueT]):
    """The end of a lookup. Neither value nor error: the keys in hand are good, and none of them fits."""

    value: ValueT | None
    error: KeySourceError | None = None
    held: bool = True
    """Keys are in hand that may be used."""


def key_lookup(
    pick: Callable[[Snapshot], VerificationKey | None], kid: str | None, tried: VerificationKey | None
) -> Lookup[VerificationKey]:
    """Return a lookup of the key that *pick* finds, unless it is the one *tried* before."""
    if tried is None:
        return Lookup(pick, kid)

    def other(snapshot: Snapshot) -> VerificationKey | None:
        key = pick(snapshot)
        return None if key is tried else key

    return Lookup(other, kid, again=True)


def resolved(result: LookupResult[VerificationKey], tried: VerificationKey | None = None) -> VerificationKey:
    """Return the key that was found; raises ``InvalidTokenError`` or ``KeySourceError``."""
    if result.error is not None:
        raise result.error
    return other_than(tried, result.value)


class RecentKids:
    """The last *most* kids found, which a source without a set may serve again without a fetch."""

    def __init__(self, most: int | None) -> None:
        self._most = inf if most is None else most
        self._kids: dict[str, None] = {}

    def holds(self, kid: str | None, snapshot: Snapshot, now: float) -> bool:
        """Return whether *kid* was found lately and the snapshot is within its lifespan."""
        return kid is not None and kid in self._kids and now < snapshot.life.expires_at

    def add(self, kid: str | None) -> None:
        """Remember *kid*, and forget the one longest unused."""
        if kid is None:
            return
        self._kids.pop(kid, None)
        self._kids[kid] = None
        while len(self._kids) > self._most:
            # Another thread may be forgetting the same one.
            with suppress(StopIteration, KeyError, RuntimeError):
                del self._kids[next(iter(self._kids))]
