"""The interface of a verifier's keys, whoever keeps them."""

from __future__ import annotations

from typing import Protocol

from jwks_auth.errors import InvalidTokenError
from jwks_auth.jose import KeySet, VerificationKey

__all__ = ["KeyProvider", "other_than"]


class KeyProvider(Protocol):
    """A verifier's place for keys: a set that never changes, or a source that keeps one fresh."""

    def find(self, kid: str | None, alg: str) -> VerificationKey | None:
        """The key, if it is at hand and fresh. Never waits and starts nothing."""

    def resolve(self, kid: str | None, alg: str, *, tried: VerificationKey | None = None) -> VerificationKey:
        """The key in whatever state, waiting only where that can help.

        *tried* is one that this gave before, and that has not signed the token: another is sought. Raises
        ``InvalidTokenError`` or ``KeySourceError``.
        """

    async def aresolve(
        self, kid: str | None, alg: str, *, tried: VerificationKey | None = None
    ) -> VerificationKey:
        """As :meth:`resolve`, without blocking the event loop."""

    @property
    def key_set(self) -> KeySet:
        """The keys in hand, for people to look at; empty before the first fetch. Never waits.

        Raises ``KeySourceError`` where a program was to hand them over and has not.
        """


def other_than(tried: VerificationKey | None, key: VerificationKey | None) -> VerificationKey:
    """Return *key*, if there is one and it is not the one *tried* before; raises ``InvalidTokenError``."""
    if key is None or key is tried:
        raise InvalidTokenError("unknown_key" if tried is None else "bad_signature")
    return key
