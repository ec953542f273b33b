"""Lookups of a value in a snapshot, and their results."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Generic, TypeVar

from jwks_auth.errors import KeySourceError
from jwks_auth.jose import VerificationKey
from jwks_auth.keys.provider import other_than
from jwks_auth.keys.state import Snapshot
from jwks_auth.runtime import dataclass

__all__ = ["Lookup", "LookupResult", "RecentKids", "key_lookup", "resolved"]

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Lookup(Generic[ValueT]):
    """A search: *pick* returns the value in a snapshot, or ``None``."""

    pick: Callable[[Snapshot], ValueT | None]
    kid: str | None = None
    again: bool = False
    """An earlier lookup found a wrong value; only a budgeted fetch may bring the right one."""

    def usable(self, snapshot: Snapshot, now: float) -> ValueT | None:
        """Return the value in *snapshot*; ``None`` if there is none or the snapshot is too old at *now*."""
        return self.pick(snapshot) if now < snapshot.life.unusable_at else None


@dataclass(frozen=True, slots=True)
class LookupResult(Generic[ValueT]):
    """The result of a lookup. Without value and error, the keys in hand are usable and none of them fits."""

    value: ValueT | None
    error: KeySourceError | None = None
    held: bool = True
    """There are usable keys in hand."""


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
    """Return the key that was found; raise ``InvalidTokenError`` or ``KeySourceError``."""
    if result.error is not None:
        raise result.error
    return other_than(tried, result.value)


class RecentKids:
    """The *most* kids found most recently, which a source without a set may serve again without a fetch."""

    def __init__(self, most: int | None) -> None:
        self._most = inf if most is None else most
        self._kids: dict[str, None] = {}

    def holds(self, kid: str | None, snapshot: Snapshot, now: float) -> bool:
        """Return whether *kid* was found recently and the snapshot is within its lifespan."""
        return kid is not None and kid in self._kids and now < snapshot.life.expires_at

    def add(self, kid: str | None) -> None:
        """Remember *kid*, and forget the one found least recently."""
        if kid is None:
            return
        self._kids.pop(kid, None)
        self._kids[kid] = None
        while len(self._kids) > self._most:
            # Another thread may forget the same one.
            with suppress(StopIteration, KeyError, RuntimeError):
                del self._kids[next(iter(self._kids))]
