"""Keys that a program supplies itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.jose import KeySet, VerificationKey
from jwks_auth.keys.provider import other_than

__all__ = ["KeysAtHand", "StaticKeys", "SuppliedKeys", "usable_keys"]


class StaticKeys:
    """A :class:`KeyProvider` over a set that never changes."""

    def __init__(self, key_set: KeySet) -> None:
        self.key_set = key_set
        self.find = key_set.select

    def resolve(self, kid: str | None, alg: str, *, tried: VerificationKey | None = None) -> VerificationKey:
        """Return the key; raise ``InvalidTokenError`` if the set has none."""
        return other_than(tried, self.find(kid, alg))

    async def aresolve(
        self, kid: str | None, alg: str, *, tried: VerificationKey | None = None
    ) -> VerificationKey:
        """Do as :meth:`resolve`."""
        return self.resolve(kid, alg, tried=tried)


class KeysAtHand(ABC):
    """A key provider over a set that is looked at anew in each lookup, and that never has to be waited for."""

    @property
    @abstractmethod
    def key_set(self) -> KeySet:
        """Return the current set; raise ``KeySourceError`` if there is none."""

    def find(self, kid: str | None, alg: str) -> VerificationKey | None:
        """Return the key; ``None`` if there is none or no set."""
        try:
            return self.key_set.select(kid, alg)
        except KeySourceError:
            return None

    def resolve(self, kid: str | None, alg: str, *, tried: VerificationKey | None = None) -> VerificationKey:
        """Return the key; raise ``InvalidTokenError`` or ``KeySourceError``."""
        return other_than(tried, self.key_set.select(kid, alg))

    async def aresolve(
        self, kid: str | None, alg: str, *, tried: VerificationKey | None = None
    ) -> VerificationKey:
        """Do as :meth:`resolve`."""
        return self.resolve(kid, alg, tried=tried)


class SuppliedKeys(KeysAtHand):
    """A key provider over *supply*, a callable that returns a key set document without waiting.

    Every lookup calls it; its answer is parsed when it differs from the one before. If it raises, or returns no usable
    key, the last good keys serve. If there are none, lookups raise ``KeySourceError``.
    """

    def __init__(self, supply: Callable[[], Any]) -> None:
        self.supply = supply
        self._last: tuple[Any, KeySet] | None = None

    @property
    def key_set(self) -> KeySet:
        """Return the current set; raise ``KeySourceError`` before the first good answer."""
        try:
            document = self.supply()
            if self._last is None or document != self._last[0]:
                # A copy, so that a document which the program changes in place differs from it.
                kept = document if isinstance(document, KeySet) else deepcopy(document)
                self._last = kept, usable_keys(kept)
        except Exception as exc:  # the callable is the user's
            if self._last is None:
                raise KeySourceError("the callable given as jwks failed", kind="callback") from exc
        return self._last[1]


def usable_keys(document: Any, *, whole: bool = False) -> KeySet:
    """Return the set in *document*; raise ``ConfigurationError`` unless it has a usable key.

    With *whole*, a mapping of kids to PEM is also refused for one bad PEM.
    """
    keys = KeySet.read(document, whole=whole)
    if not keys.keys:
        raise ConfigurationError(f"jwks: found no usable key ({keys.why_unusable})")
    return keys
