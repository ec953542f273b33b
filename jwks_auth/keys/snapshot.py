"""The values a key source passes around: what it holds, what it asks a load for, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, Generic, TypeVar

from jwks_auth.errors import InvalidTokenError, KeySourceError
from jwks_auth.jose import KeySet, VerificationKey
from jwks_auth.keys.freshness import Life, RefreshReason

__all__ = [
    "NOTHING",
    "Deferred",
    "FetchResult",
    "Health",
    "LoadRequest",
    "Lookup",
    "LookupResult",
    "Snapshot",
    "caused",
    "found",
    "resolved",
    "wanted_key",
]

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """The result of a load."""

    document: Any
    """A key set document, or whatever an overriding ``fetch_data`` returned instead."""
    keys: KeySet
    raw: dict[str, Any] | None = None
    """The document as it came from the network, which a 304 confirms."""
    etag: str | None = None
    max_age: float | None = None
    age: float = 0.0
    """Seconds since the provider gave it; more than 0 where it comes from a store."""
    failure: KeySourceError | None = None
    """Why these are old keys from a store: the provider did not answer."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The keys in hand and how long they live. Immutable but for a memo, so that readers need no lock."""

    keys: KeySet
    loaded: FetchResult
    life: Life
    fresh_until: float
    """Until then a key in the set is served without a further thought."""
    born: float
    """When the provider gave it, on the source's clock."""
    fetched_at: float
    """The same in seconds since 1970."""
    found: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was found in it by kid so far: gone with it, so that no withdrawn key is left behind."""

    def remember(self, kid: str, value: ValueT) -> ValueT:
        """*value*, which from now on is found by *kid*; ``None`` is not worth remembering."""
        if value is not None:
            self.found[kid] = value
        return value


_NO_KEYS = KeySet(())

NOTHING = Snapshot(_NO_KEYS, FetchResult(document=None, keys=_NO_KEYS), Life(), -inf, -inf, -inf)
"""What a source holds before its first fetch."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """A request to load: to be back by *deadline*, knowing what is *held* already.

    *kid* is that of the lookup which caused it.
    """

    reason: RefreshReason
    held: Snapshot
    deadline: float
    kid: str | None = None


class Deferred(KeySourceError):
    """A load that was put off, because another process is already fetching the same keys."""

    def __init__(self) -> None:
        super().__init__("another process is fetching the keys", kind="deferred")


@dataclass(frozen=True, slots=True)
class Lookup(Generic[ValueT]):
    """The object of a lookup: *pick* finds it in a snapshot, or returns ``None``."""

    pick: Callable[[Snapshot], ValueT | None]
    kid: str | None = None
    again: bool = False
    """What was found before was not the right one: only a budgeted fetch may bring it."""


@dataclass(frozen=True, slots=True)
class LookupResult(Generic[ValueT]):
    """The end of a lookup. Neither value nor error: the keys in hand are good, and none of them fits."""

    value: ValueT | None
    error: KeySourceError | None = None
    held: bool = True
    """Keys are in hand that may be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A source's condition. All but ``last_success`` are relative: seconds ago, or seconds from now."""

    state: str
    age: float | None
    last_success: float | None
    """Seconds since 1970."""
    last_error: str | None
    """The ``kind`` of the last failure, until a fetch succeeds."""
    failures: int
    next_attempt: float | None
    """When a failed fetch may be repeated."""
    keys: int
    budget: float | None
    """How many fetches unknown kids may cause at this moment; ``None`` for any number."""


def caused(detail: str, kind: str, cause: BaseException) -> KeySourceError:
    """A ``KeySourceError`` with a cause, for where it is handed on and not raised."""
    error = KeySourceError(detail, kind=kind)
    error.__cause__ = cause
    return error


def wanted_key(
    pick: Callable[[Snapshot], VerificationKey | None], kid: str | None, tried: VerificationKey | None
) -> Lookup[VerificationKey]:
    """The key that *pick* finds, unless it is the one *tried* before."""
    if tried is None:
        return Lookup(pick, kid)

    def other(snapshot: Snapshot) -> VerificationKey | None:
        key = pick(snapshot)
        return None if key is tried else key

    return Lookup(other, kid, again=True)


def resolved(result: LookupResult[VerificationKey], tried: VerificationKey | None = None) -> VerificationKey:
    """The key that was found; raises ``InvalidTokenError`` or ``KeySourceError``."""
    if result.error is not None:
        raise result.error
    return found(result.value, tried)


def found(key: VerificationKey | None, tried: VerificationKey | None) -> VerificationKey:
    """*key*, if there is one and it is not the one *tried* before; raises ``InvalidTokenError``."""
    if key is None or key is tried:
        raise InvalidTokenError("unknown_key" if tried is None else "bad_signature")
    return key
