"""Keys that a program hands over itself."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.jose import KeySet, VerificationKey
from jwks_auth.keys.provider import other_than

__all__ = ["StaticKeys", "SuppliedKeys", "usable_keys"]


class StaticKeys:
    """A :class:`KeyProvider` over a set that never changes: what is not there now never will be."""

    def __init__(self, key_set: KeySet) -> None:
        self.key_set = key_set
        self.find = key_set.select

    def resolve(self, kid: str | None, alg: str, *, tried: VerificationKey | None = None) -> VerificationKey:
        """The key; raises ``InvalidTokenError`` when the set has none."""
        return other_than(tried, self.find(kid, alg))

    async def aresolve(
        self, kid: str | None, alg: str, *, tried: VerificationKey | None = None
    ) -> VerificationKey:
        """As :meth:`resolve`."""
        return self.resolve(kid, alg, tried=tried)


class SuppliedKeys:
    """A key provider over *supply*, a callable that returns a key set document and answers at once.

    It is asked for every lookup, and its answer is parsed when it differs from the one before. If it
    raises, or returns no usable key, the last good keys serve; before the first, that is a
    ``KeySourceError``.
    """

    def __init__(self, supply: Callable[[], Any]) -> None:
        self.supply = supply
        self._last: tuple[Any, KeySet] | None = None

    @property
    def key_set(self) -> KeySet:
        """The set as it is now; raises ``KeySourceError`` before the first good answer."""
        try:
            document = self.supply()
            if self._last is None or document != self._last[0]:
                # A copy: a program that changes its document in place would otherwise be compared with itself.
                kept = document if isinstance(document, KeySet) else deepcopy(document)
                self._last = kept, usable_keys(kept)
        except Exception as exc:  # the callable is the user's
            if self._last is None:
                raise KeySourceError("the callable given as jwks failed", kind="callback") from exc
        return self._last[1]

    def find(self, kid: str | None, alg: str) -> VerificationKey | None:
        """The key, or ``None`` where there is none or the callable fails."""
        try:
            return self.key_set.select(kid, alg)
        except KeySourceError:
            return None

    def resolve(self, kid: str | None, alg: str, *, tried: VerificationKey | None = None) -> VerificationKey:
        """The key; raises ``InvalidTokenError`` or ``KeySourceError``."""
        return other_than(tried, self.key_set.select(kid, alg))

    async def aresolve(
        self, kid: str | None, alg: str, *, tried: VerificationKey | None = None
    ) -> VerificationKey:
        """As :meth:`resolve`."""
        return self.resolve(kid, alg, tried=tried)


def usable_keys(document: Any, *, whole: bool = False) -> KeySet:
    """The set that *document* is or holds; raises ``ConfigurationError`` unless it has a usable key.

    *whole*: of a mapping of kids to PEM no PEM may be bad.
    """
    keys = KeySet.read(document, whole=whole)
    if not keys.keys:
        raise ConfigurationError(f"jwks: found no usable key ({keys.why_unusable})")
    return keys
