"""Revocations: tokens that are refused before they expire, by their id, session, user, key, or time of issue."""

from __future__ import annotations

import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple
from hashlib import sha256
from itertools import count
from typing import Any, Protocol
from weakref import WeakSet

from jwks_auth.runtime import dataclass
from jwks_auth.stores.protocol import StoreError

__all__ = ["MOST_REVOCATIONS", "MemoryRevocations", "Revocation", "Revocations", "Revoker", "short"]

MOST_REVOCATIONS = 100_000
"""Revocations that a store holds at once, and each worker a copy of."""

_LONGEST_TTL = 366 * 86_400.0
_LONGEST_NAME = 255
_KINDS = frozenset({"jti", "sid", "sub", "sub without sid", "kid", "all"})


@dataclass(frozen=True, slots=True)
class Revocation:
    """A refusal of *issuer*'s tokens that have *value* for *kind*, kept until *until*, in seconds since 1970.

    *before* limits it to tokens issued until then; ``None`` does not. A *value* is as :func:`short` gives it.
    """

    issuer: str
    kind: str
    value: str
    before: float | None
    until: float

    def to_bytes(self) -> bytes:
        """Return it as a store keeps it."""
        return json.dumps(astuple(self)).encode()

    @classmethod
    def from_bytes(cls, kept: object) -> Revocation:
        """Return what :meth:`to_bytes` gave; raise :class:`StoreError` for anything else."""
        try:
            found = json.loads(kept) if isinstance(kept, bytes | str) else None
        except (ValueError, RecursionError):
            found = None
        if not (isinstance(found, list) and len(found) == 5 and _is_whole(*found)):
            raise StoreError("junk")
        return cls(*found)


class Revocations(Protocol):
    """A store of revocations. It may raise any exception and may be slow."""

    def revoke(
        self,
        issuer: str,
        *,
        jti: str | None = None,
        sid: str | None = None,
        sub: str | None = None,
        kid: str | None = None,
        before: float | None = None,
        ttl: float,
    ) -> None:
        """Refuse tokens of *issuer* for *ttl* seconds; see :meth:`Revoker.revoke`."""

    def read(self, since: Any) -> tuple[Iterable[Revocation], Any]:
        """Return the revocations added after *since*, and where to go on; ``None``: all that count.

        More than those added since will do.
        """

    def once(self, name: str, ttl: float) -> bool:
        """Return whether nobody has asked for *name* within *ttl* seconds."""


class Listener(Protocol):
    """A worker's copy."""

    def learn(self, revocation: Revocation) -> None:
        """Take a revocation that was made in this process."""


class Revoker(ABC):
    """The base of stores: turns a call of :meth:`revoke` into revocations, and tells this process's copies at once."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.listeners: WeakSet[Listener] = WeakSet()

    def revoke(
        self,
        issuer: str,
        *,
        jti: str | None = None,
        sid: str | None = None,
        sub: str | None = None,
        kid: str | None = None,
        before: float | None = None,
        ttl: float,
    ) -> None:
        """Refuse tokens of *issuer*, by the name in ``token.issuer``, for *ttl* seconds.

        Name one of them: *jti*, one token; *sid*, those of a session; *sub*, those of a user; *kid*, those under a key.
        *before*, in seconds since 1970, limits it to tokens issued until then. With *sub* it is now by default; alone,
        it means all tokens of the issuer. *sid* and *sub* together mean a session, and those tokens of its user that
        name no session, which *before* then is about. *ttl* is as long as the longest of these tokens lives. A token
        that does not say when it was issued counts as issued before. Raises ``ValueError`` for anything else, and what
        the store raises.
        """
        now = self._clock()
        named = {"jti": jti, "sid": sid, "sub": sub, "kid": kid}
        for each in _meant(issuer, named, before, now, ttl):
            self._add(each)
            for listener in list(self.listeners):
                listener.learn(each)

    @abstractmethod
    def _add(self, revocation: Revocation) -> None:
        """Store a revocation."""


class MemoryRevocations(Revoker):
    """Revocations within one process: for tests, and for services that have a single process."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)
        self._numbers = count()
        self._kept: dict[int, Revocation] = {}
        self._names: dict[str, tuple[int, float]] = {}

    def read(self, since: Any) -> tuple[list[Revocation], Any]:
        """Return all revocations, to whoever has none; later ones are told."""
        return ([] if since else list(self._kept.values())), True

    def once(self, name: str, ttl: float) -> bool:
        """Return whether nobody has asked for *name* within *ttl* seconds."""
        now = self._clock()
        for each, (_, until) in list(self._names.items()):
            if until <= now:
                self._names.pop(each, None)
        own = (next(self._numbers), now + ttl)
        return self._names.setdefault(name, own) is own

    def _add(self, revocation: Revocation) -> None:
        if len(self._kept) >= MOST_REVOCATIONS:
            now = self._clock()
            for number, each in list(self._kept.items()):
                if each.until <= now:
                    self._kept.pop(number, None)
            if len(self._kept) >= MOST_REVOCATIONS:
                raise StoreError("full")
        self._kept[next(self._numbers)] = revocation


def short(name: str) -> str:
    """Return *name*, or a digest in place of a long one, so that a copy stays small whatever is revoked."""
    if len(name) <= _LONGEST_NAME:
        return name
    return "sha256:" + sha256(name.encode(errors="surrogatepass")).hexdigest()


def _meant(
    issuer: str, named: dict[str, str | None], before: float | None, now: float, ttl: float
) -> Iterator[Revocation]:
    given = {kind: name for kind, name in named.items() if name is not None}
    for argument, name in {"issuer": issuer, **given}.items():
        if not isinstance(name, str) or not name:
            raise ValueError(f"{argument}: expected a string that is not empty")
    if len(given) > 1 and given.keys() != {"sid", "sub"}:
        raise ValueError(f"{' and '.join(given)} exclude each other: revoke them one by one")
    if not given and before is None:
        raise ValueError("expected jti, sid, sub, kid or before: what is to be revoked?")
    if before is not None and not _is_date(before):
        raise ValueError("before: expected seconds since 1970")
    if not _is_date(ttl) or not 0 < ttl <= _LONGEST_TTL:
        raise ValueError(f"ttl: expected seconds, more than 0 and at most {_LONGEST_TTL:.0f}")
    if len(given) == 2:
        given = {"sid": given["sid"], "sub without sid": given["sub"]}
    for kind, value in (given or {"all": ""}).items():
        limit = now if before is None and kind.startswith("sub") else before
        if kind == "sid" and len(given) == 2:
            limit = None
        yield Revocation(issuer, kind, short(value), limit, now + ttl)


def _is_whole(issuer: Any, kind: Any, value: Any, before: Any, until: Any) -> bool:
    if not (isinstance(issuer, str) and isinstance(kind, str) and isinstance(value, str)):
        return False
    return kind in _KINDS and (before is None or _is_date(before)) and _is_date(until)


def _is_date(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e12 and math.isfinite(value)
