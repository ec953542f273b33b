"""A JSON Web Key Set, read member by member, and the choice of a key from it (RFC 7517 section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import partial
from typing import Any, cast

from jwks_auth.errors import ConfigurationError
from jwks_auth.jose.jwk import Pause, RefusedKey, VerificationKey, any_of, parse_jwk, read_members, shown_kid
from jwks_auth.jose.pem import is_pem, is_pem_mapping, jwk_from_pem
from jwks_auth.jose.strict_json import parse_json_object
from jwks_auth.runtime import dataclass

__all__ = ["FAKE", "MOST_TRIED", "KeySet"]

FAKE = "jwks_auth_fake_issuer"
"""The member that marks a document of ``jwks_auth.testing.FakeIssuer``; other readers ignore it (RFC 7517)."""

MOST_TRIED = 4
"""The most keys tried for a token without a kid: each try costs a check of its signature."""

_MOST_REASONS = 8


@dataclass(frozen=True, slots=True)
class KeySet:
    """Usable keys, and the refused members with their reasons."""

    keys: tuple[VerificationKey, ...]
    refused: tuple[RefusedKey, ...] = ()
    is_fake: bool = field(default=False, repr=False, compare=False)
    """True if the document was a ``FakeIssuer``'s."""
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
    def from_dict(cls, document: object, *, pause: Pause = None) -> KeySet:
        """Return the set in *document*; raise ``ConfigurationError`` if it is no key set.

        A set without a usable key is allowed: RFC 7517 section 5 says to ignore members that are not understood.
        *pause* is called before each key, for a thread that works beside an event loop.
        """
        members = document.get("keys") if isinstance(document, Mapping) else None
        if not isinstance(members, list):
            raise ConfigurationError(
                'key set: expected a JSON object with a list "keys" (RFC 7517 section 5.1)'
            )
        return cls._of(
            read_members(members, pause), isinstance(document, Mapping) and document.get(FAKE) is True
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> KeySet:
        """Return the set in a JSON document, read as strictly as a token; raise ``ConfigurationError``."""
        return cls.from_dict(_json(text))

    @classmethod
    def from_pem(
        cls,
        pem: str | bytes | Mapping[str, str | bytes],
        *,
        kid: str | None = None,
        alg: str | None = None,
    ) -> KeySet:
        """Return a set of one public key or certificate in PEM, or of several in a mapping by their kids.

        Raises ``ConfigurationError`` if a key is refused. A key without *kid* verifies tokens with any kid or none;
        without *alg*, all algorithms of its type.
        """
        items = pem.items() if isinstance(pem, Mapping) else [(kid, pem)]
        keys = cls._of(read_members(items, parse=partial(_parse_pem, alg=alg)))
        for refused in keys.refused:
            where = f"PEM of kid {shown_kid(refused.kid)}" if isinstance(pem, Mapping) else "PEM"
            raise ConfigurationError(f"{where}: {refused.reason}")
        return keys

    @classmethod
    def read(cls, document: object, *, pause: Pause = None, whole: bool = False) -> KeySet:
        """Return the set in *document*, in any form in which keys are published; raise ``ConfigurationError``.

        The forms are a key set, one key or certificate in PEM, a mapping of kids to PEM, the JSON of a set or mapping,
        and a :class:`KeySet`. With *whole*, a mapping with one bad PEM is refused; otherwise that PEM alone is.
        """
        if isinstance(document, KeySet):
            return document
        if isinstance(document, str | bytes):
            if not _begins_json(document):
                return cls.from_pem(_checked_pem(document))
            document = _json(document)
        if not is_pem_mapping(document):
            return cls.from_dict(document, pause=pause)
        mapping = cast("Mapping[str, str]", document)
        return (
            cls.from_pem(mapping)
            if whole
            else cls._of(read_members(mapping.items(), pause, parse=_parse_pem))
        )

    @classmethod
    def _of(cls, parsed: Iterable[VerificationKey | RefusedKey], is_fake: bool = False) -> KeySet:
        keys = tuple(parsed)
        return cls(
            tuple(key for key in keys if isinstance(key, VerificationKey)),
            tuple(key for key in keys if isinstance(key, RefusedKey)),
            is_fake,
        )

    def select(self, kid: str | None, alg: str) -> VerificationKey | None:
        """Return the key that *kid* and *alg* name.

        If no key has that kid: the only key without a kid that fits *alg*. If *kid* is ``None``: a key that tries all
        that fit *alg*, if there are at most :data:`MOST_TRIED`.
        """
        key = self._by_kid_and_alg.get((kid, alg))
        if key is None and kid not in self._names:
            return self._without_kid.get(alg) if kid is not None else None
        return key

    def may_hold(self, kid: str) -> bool:
        """Return whether some algorithm has a key for *kid*."""
        return kid in self._names or bool(self._without_kid)

    def fitting(self, alg: str) -> int:
        """Return the number of keys that fit *alg*."""
        return sum(alg in key.checks for key in self.keys)

    @property
    def why_unusable(self) -> str:
        """Return the reasons why there is no usable key."""
        reasons = sorted({refused.reason for refused in self.refused})
        others = [f"{len(reasons) - _MOST_REASONS} other reasons"] if len(reasons) > _MOST_REASONS else []
        return "; ".join([*reasons[:_MOST_REASONS], *others]) or "it is empty"

    def kids(self) -> frozenset[str]:
        """The names of the usable keys that have one."""
        return frozenset(key.kid for key in self.keys if key.kid is not None)


def _begins_json(text: str | bytes) -> bool:
    return (text if isinstance(text, str) else text.decode("latin-1")).lstrip()[:1] == "{"


def _checked_pem(text: str | bytes) -> str | bytes:
    if not is_pem(text):
        raise ConfigurationError(
            "key set: found text that is neither JSON nor PEM; expected the keys themselves, no path and no URL"
        )
    return text


def _json(text: str | bytes) -> dict[str, Any]:
    try:
        return parse_json_object(text.encode() if isinstance(text, str) else text)
    except ValueError as exc:
        raise ConfigurationError(f"key set: not a JSON object ({exc})") from exc


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


def _parse_pem(item: tuple[object, object], alg: str | None = None) -> VerificationKey | RefusedKey:
    """Return the key in a kid and its PEM, judged by :func:`parse_jwk`."""
    kid, pem = item
    try:
        return parse_jwk(jwk_from_pem(pem, kid=kid, alg=alg))
    except ValueError as exc:
        return RefusedKey(kid if isinstance(kid, str) else None, str(exc))
