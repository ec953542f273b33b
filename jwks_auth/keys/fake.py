"""A guard against the keys of a ``FakeIssuer`` in production, where anybody with its private keys could sign tokens.

A fake issuer marks the keys it publishes, and a framework's adapter tells whether tests run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from jwks_auth.challenge import fields
from jwks_auth.errors import ConfigurationError, KeySourceError
from jwks_auth.jose import FAKE, KeySet
from jwks_auth.keys.provider import KeyProvider
from jwks_auth.keys.source import KeySource
from jwks_auth.keys.supplied import KeysAtHand, StaticKeys, SuppliedKeys

__all__ = ["VettedKeys", "mark_fake", "vetted"]

log = logging.getLogger("jwks_auth.testing")

CallableT = TypeVar("CallableT", bound=Callable[..., Any])


def vetted(keys: KeyProvider, issuer: str, *, source: KeySource | None, allowed: bool | None) -> KeyProvider:
    """Return *keys* of *issuer* with a guard against fake ones; as they are if *allowed*.

    *source* fetches them, and refuses or reports a fake set as it arrives; ``None``: a program supplies
    them. *allowed* is ``True`` in tests and ``False`` outside of them; ``None``, if unknown, logs.
    """
    if allowed:
        return keys
    guard = FakeGuard(issuer, refused=allowed is False)
    if source is not None:
        guard.watch(source)
        return keys
    may_be = isinstance(keys, SuppliedKeys) or (isinstance(keys, StaticKeys) and keys.key_set.is_fake)
    return VettedKeys(keys, guard) if may_be else keys


class FakeGuard:
    """Judges the key sets of *issuer*: a fake one is *refused*, or logged once."""

    def __init__(self, issuer: str, *, refused: bool) -> None:
        self._issuer = issuer
        self._told = False
        self.refused = refused

    def __call__(self, keys: KeySet) -> None:
        """Raise ``KeySourceError`` for fake *keys* that are refused."""
        if keys.is_fake:
            try:
                self.meet()
            except ConfigurationError as exc:
                raise KeySourceError(str(exc), kind="fake_issuer") from exc

    def watch(self, source: KeySource) -> None:
        """Judge what *source* has and fetches. Of several verifiers that share it, the strictest rules."""
        if source.refresher.judge is None or self.refused:
            source.refresher.judge = self
        try:
            self(source.key_set)
        except KeySourceError:
            source.publish(None)

    def meet(self) -> None:
        """Meet fake keys: raise ``ConfigurationError`` if they are refused."""
        if self.refused:
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
                extra=fields("fake_issuer", issuer=self._issuer),
            )


class VettedKeys(KeysAtHand):
    """A key provider over *keys* that a program supplies, judged by *guard* in each lookup."""

    def __init__(self, keys: KeyProvider, guard: FakeGuard) -> None:
        self._keys, self._guard = keys, guard

    def check(self) -> None:
        """Raise ``ConfigurationError`` for keys that can be refused without asking for them."""
        if getattr(getattr(self._keys, "supply", None), FAKE, isinstance(self._keys, StaticKeys)):
            self._guard.meet()

    @property
    def key_set(self) -> KeySet:
        """Return the current set; raise ``KeySourceError`` for a fake one that is refused."""
        keys = self._keys.key_set
        self._guard(keys)
        return keys


def mark_fake(made: CallableT) -> CallableT:
    """Mark a callable as a fake issuer's, so that this is known without calling it."""
    setattr(made, FAKE, True)
    return made
