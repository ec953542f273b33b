"""The record in a store: one answer of the provider, with its time."""

from __future__ import annotations

import json
from typing import Any

from jwks_auth.jose import KeySet
from jwks_auth.keys.state import FetchResult
from jwks_auth.runtime import dataclass

__all__ = ["MOST_BYTES", "Record"]

_VERSION = 1
MOST_BYTES = 4_194_304
_MOST_MARKS = 100_000


@dataclass(frozen=True, slots=True)
class Record:
    """One answer. ``fetched_at`` is in seconds since 1970, by the clock of the machine that fetched it.

    ``name`` is the one it was stored under, so that a record moved to another issuer's name is refused.
    """

    result: FetchResult
    fetched_at: float
    name: str = ""

    @property
    def keys(self) -> KeySet:
        """The keys of the answer."""
        return self.result.keys

    def holds(self, kid: str) -> bool:
        """Return whether it may give the key named *kid*."""
        return self.keys.may_hold(kid)

    def to_bytes(self, most_bytes: int = MOST_BYTES) -> bytes | None:
        """Return the record as JSON; ``None`` if that is too large, or can't hold the document (an override's own)."""
        result = self.result
        if not isinstance(result.document, dict):
            return None
        fields = {
            "version": _VERSION,
            "name": self.name,
            "fetched_at": self.fetched_at,
            "max_age": result.max_age,
            "etag": result.etag,
            "document": result.document,
            # An overriding fetch_data may have changed the document; the ETag belongs to the original.
            "raw": None if result.raw == result.document else result.raw,
        }
        try:
            value = json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()
        except (TypeError, ValueError, RecursionError):
            return None
        return value if _is_parsable(value, most_bytes) else None

    @classmethod
    def from_bytes(cls, value: bytes, name: str = "", *, most_bytes: int = MOST_BYTES) -> Record:
        """Return the record in *value*, put under *name*; raise ``ValueError`` for anything else."""
        if not _is_parsable(value, most_bytes):
            raise ValueError("too large")
        try:
            fields = json.loads(value)
            document, raw, etag = fields["document"], fields["raw"], fields["etag"]
            fetched_at, max_age = _number(fields["fetched_at"]), fields["max_age"]
            if (fields["version"], fields["name"]) != (_VERSION, name):
                raise ValueError("another version, or another's record")
            if not isinstance(raw, dict | None) or not isinstance(document, dict):
                raise ValueError("no document")
            result = FetchResult(
                document=document,
                keys=KeySet.read(document),
                raw=document if raw is None else raw,
                etag=etag if isinstance(etag, str) else None,
                max_age=None if max_age is None else _number(max_age),
            )
        except (LookupError, TypeError, ArithmeticError, RecursionError) as exc:
            raise ValueError("no record") from exc
        return cls(result, fetched_at, name)


def _is_parsable(value: bytes, most_bytes: int) -> bool:
    # Measured first: a parser that reads megabytes of junk holds up every other thread.
    return len(value) <= most_bytes and sum(map(value.count, (b"{", b"[", b","))) <= _MOST_MARKS


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError("no number")
    return float(value)
