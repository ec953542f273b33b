"""A JSON Web Key Set, read member by member, and how a key is chosen from it (RFC 7517 section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from jwks_auth.errors import ConfigurationError
from jwks_auth.jose.jwk import RefusedKey, VerificationKey, any_of, parse_jwk
from jwks_auth.jose.pem import jwk_from_pem
from jwks_auth.jose.strict_json import parse_json_object

__all__ = ["FAKE", "MAX_KEYS", "MOST_TRIED", "KeySet", "paced"]

ItemT = TypeVar("ItemT")

FAKE = "jwks_auth_fake_issuer"
"""The member by which a document of ``jwks_auth.testing.FakeIssuer`` says what it is; RFC 7517 has others ignore it."""

MAX_KEYS = 1_000
"""Keys a set may have, but for those that say they are for another use; the largest trust lists have as many."""

MOST_TRIED = 4
"""Keys tried for a token without a kid: each costs a check of its signature."""

_MOST_MEMBERS = 10_000
_MOST_REASONS = 8
_CHEAP = 50  # keys for another use are told apart in a few microseconds each


@dataclass(frozen=True, slots=True)
class KeySet:
    """Usable keys, and the members refused with the reason of each."""

    keys: tuple[VerificationKey, ...]
    refused: tuple[RefusedKey, ...] = ()
    is_fake: bool = field(default=False, repr=False, compare=False)
    """Return whether the document was a ``FakeIssuer``'s."""
    _by_kid_and_alg: Mapping[tuple[str | None, str], VerificationKey] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _without_kid: Mapping[str, VerificationKey] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _names: frozenset[str | None] = field(init=False, repr=False, compare=False, default=frozenset())

    def __post_init__(self) -> None:
        nameless = [key for key in self.keys if key.kid is None]
        only = {alg: keys[0] for alg, keys in _by_alg(nameless).items() if len(keys) == 1}
        object.__setattr__(self, "_by_kid_and_alg", _index(self.keys))
        object.__setattr__(self, "_without_kid", only)
        names = {key.kid for key in self.keys} | {key.kid for key in self.refused}
        object.__setattr__(self, "_names", frozenset(names))

    @classmethod
    def from_dict(cls, document: object, *, pause: Callable[[], object] | None = None) -> KeySet:
        """The set in *document*; raises ``ConfigurationError`` for what is no set.

        A set without one usable key is legal here: RFC 7517 section 5 has foreign members ignored. A thread
        that works beside an event loop may take a *pause* before each key.
        """
        members = document.get("keys") if isinstance(document, Mapping) else None
        if not isinstance(members, list):
            raise ConfigurationError(
                'key set: expected a JSON object with a list "keys" (RFC 7517 section 5.1)'
            )
        if len(members) > _MOST_MEMBERS:
            raise ConfigurationError(
                f"key set: found {len(members)} keys, expected at most {_MOST_MEMBERS} of any kind"
            )
        parsed = _without_repeats(_parsed(members, pause))
        return cls(
            tuple(key for key in parsed if isinstance(key, VerificationKey)),
            tuple(key for key in parsed if isinstance(key, RefusedKey)),
            isinstance(document, Mapping) and document.get(FAKE) is True,
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> KeySet:
        """The set in a JSON document, read as strictly as a token; raises ``ConfigurationError``."""
        try:
            document = parse_json_object(text.encode() if isinstance(text, str) else text)
        except ValueError as exc:
            raise ConfigurationError(f"key set: not a JSON object ({exc})") from exc
        return cls.from_dict(document)

    @classmethod
    def from_pem(cls, pem: str | bytes, *, kid: str | None = None, alg: str | None = None) -> KeySet:
        """A set of one, from a public key or certificate in PEM; raises ``ConfigurationError``.

        Tokens that carry a ``kid`` need the same one here; without *alg* the key verifies all of its type.
        """
        parsed = parse_jwk(jwk_from_pem(pem, kid=kid, alg=alg))
        if isinstance(parsed, RefusedKey):
            raise ConfigurationError(f"PEM: {parsed.reason}")
        return cls((parsed,))

    def select(self, kid: str | None, alg: str) -> VerificationKey | None:
        """The one key that *kid* and *alg* name.

        Where no key has that kid, the only key without one that fits *alg*. Without a kid, whichever of the keys that
        fit *alg* has signed, where they are at most :data:`MOST_TRIED`.
        """
        key = self._by_kid_and_alg.get((kid, alg))
        if key is None and kid not in self._names:
            return self._without_kid.get(alg) if kid is not None else None
        return key

    def fitting(self, alg: str) -> int:
        """How many keys fit *alg*."""
        return sum(alg in key.checks for key in self.keys)

    @property
    def why_unusable(self) -> str:
        """The reasons why there is no usable key."""
        reasons = sorted({refused.reason for refused in self.refused})
        others = [f"{len(reasons) - _MOST_REASONS} other reasons"] if len(reasons) > _MOST_REASONS else []
        return "; ".join([*reasons[:_MOST_REASONS], *others]) or "it is empty"

    def kids(self) -> frozenset[str]:
        """The names of the usable keys that have one."""
        return frozenset(key.kid for key in self.keys if key.kid is not None)


def paced(items: Iterable[ItemT], pause: Callable[[], object] | None) -> Iterator[ItemT]:
    """*items*, with a *pause* before each."""
    for item in items:
        if pause is not None:
            pause()
        yield item


def _parsed(members: list[object], pause: Callable[[], object] | None) -> list[VerificationKey | RefusedKey]:
    parsed: list[VerificationKey | RefusedKey] = []
    counted, cheap = 0, 0
    for member in members:
        if pause is not None and cheap % _CHEAP == 0:
            pause()
        key = parse_jwk(member)
        cheap = cheap + 1 if isinstance(key, RefusedKey) and key.another_use else 0
        counted += not cheap
        if counted > MAX_KEYS:
            raise ConfigurationError(
                f"key set: found more than {MAX_KEYS} keys that may be for signatures, expected at most as many"
            )
        parsed.append(key)
    return parsed


def _without_repeats(parsed: list[VerificationKey | RefusedKey]) -> list[VerificationKey | RefusedKey]:
    """Of keys with one kid and an algorithm in common the first stays, so that a kid names one key."""
    taken: set[tuple[str | None, str]] = set()
    kept: list[VerificationKey | RefusedKey] = []
    for key in parsed:
        if isinstance(key, VerificationKey) and key.kid is not None:
            names = {(key.kid, alg) for alg in key.algorithms}
            if not names.isdisjoint(taken):
                key = RefusedKey(key.kid, "kid is taken by another key of the set")
            else:
                taken |= names
        kept.append(key)
    return kept


def _by_alg(keys: Iterable[VerificationKey]) -> dict[str, list[VerificationKey]]:
    fitting: dict[str, list[VerificationKey]] = {}
    for key in keys:
        for alg in key.checks:
            fitting.setdefault(alg, []).append(key)
    return fitting


def _index(keys: tuple[VerificationKey, ...]) -> dict[tuple[str | None, str], VerificationKey]:
    index: dict[tuple[str | None, str], VerificationKey] = {}
    for alg, fitting in _by_alg(keys).items():
        for key in fitting:
            if key.kid is not None:
                index.setdefault((key.kid, alg), key)
        if len(fitting) <= MOST_TRIED:
            index[None, alg] = any_of(fitting, alg)
    return index
