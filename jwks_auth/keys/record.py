"""The record in a store: one answer of the provider, with its time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from jwks_auth.jose import KeySet
from jwks_auth.keys.state import FetchResult

__all__ = ["Record"]

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One answer. ``fetched_at`` is in seconds since 1970, by the clock of the machine that fetched it.

    ``name`` is the one it was stored under, so that a record moved to another issuer's name is refused.
    """

    result: FetchResult
    fetched_at: float
    name: str = ""

    def to_bytes(self) -> bytes | None:
        """Return the record as JSON; ``None`` for a document that JSON can't hold (an override's own object)."""
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
            return json.dumps(fields, separators=(",", ":")).encode()
        except (TypeError, ValueError, RecursionError):
            return None

    @classmethod
    def from_bytes(cls, value: bytes) -> Record:
        """Return the record in *value*; raise ``ValueError`` for anything else."""
        try:
            fields = json.loads(value)
            document, raw, etag = fields["document"], fields["raw"], fields["etag"]
            fetched_at, max_age = _number(fields["fetched_at"]), fields["max_age"]
            name = str(fields["name"])
            if (
                fields["version"] != _VERSION
                or not isinstance(raw, dict | None)
                or not isinstance(document, dict)
            ):
                raise ValueError("another version")
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


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError("no number")
    return float(value)
