"""A cache of verified signatures: which key signed which payload. Everything else is judged on each request.

A client sends one token for as long as it lives, and its signature costs most of a verification. An entry is found by
the SHA-256 of the whole token, which is not kept. It counts as long as the very key that verified it is the one that
its issuer would choose now, so a key that is withdrawn takes its tokens with it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from threading import Lock
from typing import Any, Protocol
from weakref import WeakSet

from jwks_auth.claims import VerifiedToken, certain_times, validate_times
from jwks_auth.errors import ConfigurationError
from jwks_auth.jose import UnverifiedToken, VerificationKey, copied_json, issuer_of
from jwks_auth.keys import Health
from jwks_auth.runtime import RawToken, dataclass
from jwks_auth.verifier.trusted import TrustedIssuer

__all__ = ["CacheHealth", "TokenCache", "VerifierHealth", "checked_entries", "digest_of"]

_LONGEST = 4096  # characters; a longer token is not remembered
_USUAL = 2048  # characters of a token for which an entry's place is meant
_MOST_ENTRIES = 1_000_000
_SEEN_FOR_EACH = 2  # digests of tokens used once, for each entry


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheHealth:
    """The work of a cache since its process began. Threads may lose a few counts to each other."""

    hits: int
    misses: int
    entries: int
    octets: int
    """The length of the tokens that the entries stand for; in memory, one takes up to three times as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierHealth:
    """A verifier's health."""

    issuers: Mapping[str, Health | None]
    """The health of each listed issuer's keys, by issuer; ``None`` for keys that the program supplies."""
    token_cache: CacheHealth | None
    """``None`` without a cache."""


class _Trust(Protocol):
    """What a cache needs to know of the trusted issuers."""

    @property
    def sole(self) -> TrustedIssuer | None:
        """The issuer, if there is but one."""

    def now(self, name: str) -> TrustedIssuer | None:
        """Return the issuer trusted under *name*, if that is known without asking anybody."""


class _Signed:
    """A token whose signature was verified, without the signature. All requests that find it share *claims*."""

    __slots__ = ("claims", "issuer", "jose", "key", "known", "name", "since", "until")

    def __init__(self, issuer: TrustedIssuer, key: VerificationKey, token: UnverifiedToken) -> None:
        self.issuer, self.key, self.jose = issuer, key, token.jose
        self.claims = copied_json(token.claims)  # this request may change its own
        self.name = issuer_of(self.claims)
        self.known = self.name == issuer.name or self.name in issuer.aliases
        self.since, self.until = certain_times(self.claims, issuer.rules)

    def is_signed_with(self, chosen: VerificationKey | None) -> bool:
        """Return whether the key *chosen* now is the one that verified it, perhaps as another object by now."""
        if chosen is None or not self.key.jwk or chosen.jwk != self.key.jwk:
            return False  # a key that stands for several has no JWK of its own
        self.key = chosen
        return True


class TokenCache:
    """Remembers up to *entries* tokens from their second use on, of issuers that *trust* still has.

    A flood of tokens used once leaves it as it is. It has two generations: when the younger is full it becomes the
    older, whose entries go unless they are used again. Readers take no lock, and no writer waits for one.
    """

    def __init__(self, entries: int, trust: _Trust) -> None:
        self._each, self._trust = entries // 2, trust
        self._young: dict[bytes | None, _Signed] = {}
        self._old: dict[bytes | None, _Signed] = {}
        self._octets = self._old_octets = 0
        self._seen: set[bytes] = set()
        self._seen_before: set[bytes] = set()
        self._hits = self._misses = 0
        self._lock = Lock()
        _caches.add(self)

    def recall(self, digest: bytes | None, sent: RawToken) -> VerifiedToken | None:
        """Return the token if its signature needs no check; ``None`` if it does.

        Of its claims only the times are judged again: an issuer's rules never change, nor does what was signed.
        Raises ``InvalidTokenError``.
        """
        found = self._young.get(digest) or self._again(digest, sent)
        if found is not None:
            issuer, jose = found.issuer, found.jose
            chosen = issuer.find(jose.kid, jose.alg)
            if (chosen is found.key or found.is_signed_with(chosen)) and (
                found.known if issuer is self._trust.sole else self._trust.now(found.name) is issuer
            ):
                self._hits += 1
                rules, claims = issuer.rules, found.claims
                if not found.since <= (now := issuer.clock()) <= found.until:
                    validate_times(claims, rules, now)
                return VerifiedToken(claims, jose.members, claims, rules.mapping, sent, shared=True)
        self._misses += 1
        return None

    def note(
        self,
        digest: bytes | None,
        signed: tuple[TrustedIssuer, VerificationKey],
        token: UnverifiedToken,
        sent: RawToken,
    ) -> None:
        """Note that a key of an issuer signed *token*, which is as good as its claims are."""
        if digest is None:
            return
        if digest in self._seen or digest in self._seen_before:
            self._add(digest, _Signed(*signed, token), sent)
            return
        if len(self._seen) >= _SEEN_FOR_EACH * self._each:
            self._seen_before, self._seen = self._seen, set()
        self._seen.add(digest)

    def health(self) -> CacheHealth:
        """Return its counts so far."""
        young, old = self._young, self._old
        entries = len(young) + sum(digest not in young for digest in list(old))
        return CacheHealth(
            hits=self._hits, misses=self._misses, entries=entries, octets=self._octets + self._old_octets
        )

    def _again(self, digest: bytes | None, sent: RawToken) -> _Signed | None:
        """Return an entry of the older generation, which is in the younger from now on."""
        found = self._old.get(digest)
        if found is not None:
            self._add(digest, found, sent)
        return found

    def _add(self, digest: bytes | None, found: _Signed, sent: RawToken) -> None:
        if digest is None or not self._lock.acquire(blocking=False):
            return  # the next use will do
        try:
            if len(self._young) >= self._each or self._octets >= self._each * _USUAL:
                self._old, self._old_octets = self._young, self._octets
                self._young, self._octets = {}, 0
            if digest not in self._young:
                self._octets += sent.read(len)
            self._young[digest] = found
        finally:
            self._lock.release()


_caches: WeakSet[TokenCache] = WeakSet()


def _after_fork_in_child() -> None:
    for cache in _caches:
        cache._lock = Lock()  # a thread that the child lacks may have held it


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)


def checked_entries(entries: Any) -> int:
    """Read the setting, a number of tokens; raises ``ConfigurationError``."""
    if type(entries) is not int or entries == 1 or not 0 <= entries <= _MOST_ENTRIES:
        raise ConfigurationError(
            f"token_cache: found {entries!r}, expected a number of tokens from 2 to {_MOST_ENTRIES:,}, or 0 for none"
        )
    return entries


def digest_of(sent: Any) -> bytes | None:
    """Return the name of a token in a cache; ``None`` for one that is never remembered."""
    if not isinstance(sent, str) or len(sent) > _LONGEST or not sent.isascii():
        return None
    return sha256(sent.encode()).digest()
