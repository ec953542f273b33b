"""The words of telemetry: the names of instruments and attributes, and the few values that attributes may have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from threading import Lock
from typing import Any

from jwks_auth.faults import PROOF_FAULTS, REQUEST_FAULTS, TOKEN_FAULTS

__all__ = [
    "DURATION",
    "ERROR_TYPE",
    "FETCH_KIND",
    "ISSUER",
    "METER",
    "OTHER",
    "REPLAYED",
    "RESULT",
    "SCHEME",
    "Words",
    "codes",
]

METER = "jwks_auth"
RESULT, SCHEME, ISSUER = "jwks_auth.result", "jwks_auth.scheme", "jwks_auth.issuer"
FETCH_KIND = "jwks_auth.fetch.kind"
ERROR_TYPE = "error.type"
OTHER = "_OTHER"
"""OpenTelemetry's word for an error that has none of the known ones."""

DURATION = "jwks_auth.authentication.duration"
REPLAYED = "proof_replayed"

_WORD = re.compile(r"[a-z][a-z_]{0,63}\Z")
_MOST_UNKNOWN = 10


class Words:
    """The *known* words and the first ten others that come; any further one is :data:`OTHER`.

    A service's own validators have codes of their own, and nobody keeps them from making one of what a client sent.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._words, self._lock = set(known), Lock()
        self._most = len(self._words) + _MOST_UNKNOWN

    def __call__(self, word: Any) -> str:
        """Return *word*, or the one for all others."""
        if not isinstance(word, str):
            return OTHER
        return word if word in self._words or self._admits(word) else OTHER

    def _admits(self, word: str) -> bool:
        if not _WORD.match(word):
            return False
        with self._lock:
            if len(self._words) >= self._most:
                return False
            self._words.add(word)
            return True


def codes() -> Words:
    """Return the codes of refusals."""
    own = {"insufficient_scope", "insufficient_user_authentication", "key_source_unavailable"}
    return Words({*TOKEN_FAULTS, *REQUEST_FAULTS, *PROOF_FAULTS, "missing_token", *own})
