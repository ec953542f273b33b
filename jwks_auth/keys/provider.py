"""The interface between a verifier and its keys."""

from __future__ import annotations

from typing import Protocol

from jwks_auth.errors import InvalidTokenError
from jwks_auth.jose import KeySet, VerificationKey

__all__ = ["KeyProvider", "other_than"]


class KeyProvider(Protocol):
    """A verifier's keys: a set that never changes, or a source that keeps one fresh."""

    def find(self, kid: str | None, alg: str) -> VerificationKey | None:
        """Return the key if it is in hand and fresh. Never waits or starts a fetch."""

    def resolve(self, kid: str | None, alg: str, *, tried: VerificationKey | None = None) -> VerificationKey:
        """Return the key, waiting for a fetch only if that can help.

        *tried* is the key that was returned before and has not signed the token: look for another. Raises
        ``InvalidTokenError`` or ``KeySourceError``.
        """

    async def aresolve(
        self, kid: str | None, alg: str, *, tried: VerificationKey | None = None
    ) -> VerificationKey:
        """Do as :meth:`resolve`, without blocking the event loop."""

    @property
    def key_set(self) -> KeySet:
        """Return the keys in hand, for display; empty before the first fetch. Never waits.

        Raises ``KeySourceError`` if a program supplies the keys and has not done so.
        """


def other_than(tried: VerificationKey | None, key: VerificationKey | None) -> VerificationKey:
    """Return *key*; raise ``InvalidTokenError`` for ``None`` and for the key *tried* before."""
    if key is None or key is tried:
        raise InvalidTokenError("unknown_key" if tried is None else "bad_signature")
    return key
