"""Keys of a ``FakeIssuer``, handed over where nobody tests: whoever can run the tests could sign for anybody.

A fake issuer marks what it publishes. A framework's adapter says whether tests run, and here is what follows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.jose import FAKE, KeySet, VerificationKey
from jwks_auth.keys.provider import KeyProvider, other_than
from jwks_auth.keys.supplied import StaticKeys, SuppliedKeys

__all__ = ["VettedKeys", "mark_fake", "vetted"]

log = logging.getLogger("jwks_auth.testing")

CallableT = TypeVar("CallableT", bound=Callable[..., Any])


def vetted(keys: KeyProvider, issuer: str, *, allowed: bool | None) -> VettedKeys | None:
    """*keys* that a program handed over for *issuer*, looked at; ``None`` where they need not be.

    *allowed* is ``True`` in tests, ``False`` where none run; ``None``: nobody knows, and the log is told.
    """
    may_be = isinstance(keys, SuppliedKeys) or (isinstance(keys, StaticKeys) and keys.key_set.is_fake)
    return VettedKeys(keys, issuer, refused=allowed is False) if may_be and not allowed else None


class VettedKeys:
    """A key provider over *keys* that takes no fake ones if they are *refused*, and else tells the log once."""

    def __init__(self, keys: KeyProvider, issuer: str, *, refused: bool) -> None:
        self._keys = keys
        self._issuer = issuer
        self._refused = refused
        self._told = False

    def check(self) -> None:
        """Judge what can be told without asking for keys: raises ``ConfigurationError``."""
        if getattr(getattr(self._keys, "supply", None), FAKE, isinstance(self._keys, StaticKeys)):
            self._judge()

    @property
    def key_set(self) -> KeySet:
        """The set as it is now; raises ``KeySourceError`` for a fake one that is refused."""
        keys = self._keys.key_set
        if keys.is_fake:
            try:
                self._judge()
            except ConfigurationError as exc:
                raise KeySourceError(str(exc), kind="callback") from exc
        return keys

    def find(self, kid: str | None, alg: str) -> VerificationKey | None:
        """The key, or ``None`` where there is none or it is refused."""
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

    def _judge(self) -> None:
        if self._refused:
            raise ConfigurationError(
                f"jwks: found the keys of a FakeIssuer for {self._issuer!r}, and no tests run: who has its private "
                "keys can sign for anybody. Tests say so (Flask: TESTING; Django: its test runner); "
                "ALLOW_FAKE_ISSUER takes them elsewhere"
            )
        if not self._told:
            self._told = True
            log.warning(
                "the keys of %r are a FakeIssuer's: in tests that is right, and ALLOW_FAKE_ISSUER says so",
                self._issuer,
            )


def mark_fake(made: CallableT) -> CallableT:
    """Mark a callable as a fake issuer's, so that it need not be called to know."""
    setattr(made, FAKE, True)
    return made
