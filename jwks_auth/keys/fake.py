"""A guard against the keys of a ``FakeIssuer`` in production, where anybody with its private keys could sign tokens.

A fake issuer marks the keys it publishes, and a framework's adapter tells whether tests run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.jose import FAKE, KeySet
from jwks_auth.keys.provider import KeyProvider
from jwks_auth.keys.supplied import KeysAtHand, StaticKeys, SuppliedKeys

__all__ = ["VettedKeys", "mark_fake", "vetted"]

log = logging.getLogger("jwks_auth.testing")

CallableT = TypeVar("CallableT", bound=Callable[..., Any])


def vetted(keys: KeyProvider, issuer: str, *, allowed: bool | None) -> VettedKeys | None:
    """Return a guard over the *keys* that a program supplies for *issuer*; ``None`` if *allowed*.

    *allowed* is ``True`` in tests and ``False`` outside of them; ``None``, if unknown, logs fake keys.
    """
    may_be = isinstance(keys, SuppliedKeys) or (isinstance(keys, StaticKeys) and keys.key_set.is_fake)
    return VettedKeys(keys, issuer, refused=allowed is False) if may_be and not allowed else None


class VettedKeys(KeysAtHand):
    """A key provider over *keys* that refuses fake ones if *refused*, and otherwise logs them once."""

    def __init__(self, keys: KeyProvider, issuer: str, *, refused: bool) -> None:
        self._keys = keys
        self._issuer = issuer
        self._refused = refused
        self._told = False

    def check(self) -> None:
        """Raise ``ConfigurationError`` for keys that can be refused without asking for them."""
        if getattr(getattr(self._keys, "supply", None), FAKE, isinstance(self._keys, StaticKeys)):
            self._judge()

    @property
    def key_set(self) -> KeySet:
        """Return the current set; raise ``KeySourceError`` for a fake one that is refused."""
        keys = self._keys.key_set
        if keys.is_fake:
            try:
                self._judge()
            except ConfigurationError as exc:
                raise KeySourceError(str(exc), kind="callback") from exc
        return keys

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
    """Mark a callable as a fake issuer's, so that this is known without calling it."""
    setattr(made, FAKE, True)
    return made
