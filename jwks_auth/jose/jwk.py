"""One JSON Web Key (RFC 7517): a member of a set is read as a key that verifies, or refused with the reason.

A refused member leaves the other keys of its set usable. Nothing here raises for a member, whatever it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import field
from typing import Any, Protocol, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm

from jwks_auth.challenge import escaped, named
from jwks_auth.errors import ConfigurationError
from jwks_auth.jose.algorithms import SignatureCheck, algorithms_in
from jwks_auth.jose.base64url import encode_base64url
from jwks_auth.jose.key_material import read_material
from jwks_auth.jose.key_purpose import AnotherUse, check_purpose
from jwks_auth.runtime import dataclass

__all__ = [
    "MAX_KEYS",
    "PRIVATE_MEMBERS",
    "Pause",
    "RefusedKey",
    "VerificationKey",
    "any_of",
    "paced",
    "parse_jwk",
    "read_members",
    "shown_kid",
]

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})


@dataclass(frozen=True, slots=True)
class RefusedKey:
    """A member of a set that is not used, and why."""

    kid: str | None
    reason: str
    another_use: bool = field(default=False, repr=False, compare=False)
    """True if the key says that it is for another use, such as encryption, and so has no fault."""


@dataclass(frozen=True, slots=True, eq=False)
class VerificationKey:
    """A public key with the algorithms it may verify. *jwk* is the key in the spelling of the standards."""

    kid: str | None
    kty: str
    jwk: Mapping[str, Any] = field(repr=False)
    checks: Mapping[str, SignatureCheck] = field(repr=False)

    @property
    def algorithms(self) -> frozenset[str]:
        """The algorithms of its type and curve, or the one that the JWK names (RFC 7517 section 4.4)."""
        return frozenset(self.checks)

    def verify(self, alg: str, signature: bytes, signing_input: bytes) -> bool:
        """Return whether *signature* is this key's; ``False`` for an algorithm that the key is not bound to."""
        check = self.checks.get(alg)
        return check is not None and check(signature, signing_input)


def any_of(keys: Sequence[VerificationKey], alg: str) -> VerificationKey:
    """Return a key that verifies *alg* if one of *keys* does, for tokens that name no key."""
    if len(keys) == 1:
        return keys[0]
    checks = tuple(key.checks[alg] for key in keys)

    def check(signature: bytes, signing_input: bytes) -> bool:
        return any(each(signature, signing_input) for each in checks)

    return VerificationKey(None, keys[0].kty, {}, {alg: check})


def shown_kid(kid: str | None) -> str:
    """Return a kid for people to read."""
    return "(no kid)" if kid is None else named(kid)


def parse_jwk(member: object) -> VerificationKey | RefusedKey:
    """Return the key in *member* if it is public, asymmetric, strong and meant for signatures.

    Members that are ``null``, ``""`` or ``[]`` count as absent: some serialisers write those for absent members.
    """
    if not isinstance(member, dict):
        return RefusedKey(None, "not a JSON object")
    present = {name: value for name, value in member.items() if value is not None and value not in ("", [])}
    kid = present.get("kid")
    try:
        return _parse(present)
    except (ValueError, UnsupportedAlgorithm) as exc:  # the latter: OpenSSL lacks the curve
        return RefusedKey(
            kid if isinstance(kid, str) else None, escaped(str(exc)), isinstance(exc, AnotherUse)
        )


def _parse(member: dict[str, Any]) -> VerificationKey:
    kid, kty = member.get("kid"), member.get("kty")
    if kid is not None and not isinstance(kid, str):
        raise ValueError("kid is not a string")
    if kty == "oct":
        raise ValueError("symmetric: a shared secret has no place in a public key set")
    if not PRIVATE_MEMBERS.isdisjoint(member):
        raise ValueError("holds private members: whoever can read the set can sign")
    check_purpose(member)
    if not isinstance(kty, str):
        raise ValueError("kty is missing" if kty is None else "kty is not a string")
    key, octets = read_material(member, kty)
    checks = {name: algorithm.bind(key) for name, algorithm in algorithms_in(member, kty).items()}
    jwk = member | {name: encode_base64url(number) for name, number in octets.items()}
    return VerificationKey(kid, kty, jwk, checks)


ItemT = TypeVar("ItemT")
Read = VerificationKey | RefusedKey
Pause = Callable[[], object] | None

MAX_KEYS = 1_000
"""The most keys for signatures that a set may have; the largest trust lists have about as many."""

_MOST_MEMBERS = 10_000
_CHEAP = 50  # a key for another use takes a few microseconds


class Members(Sized, Iterable[Any], Protocol):
    """Members as they are published."""


def read_members(
    members: Members, pause: Pause = None, *, parse: Callable[[Any], Read] = parse_jwk
) -> list[Read]:
    """Return what *parse* makes of each member; raise ``ConfigurationError`` for too many.

    *pause* is called before each key, for a thread that works beside an event loop.
    """
    if len(members) > _MOST_MEMBERS:
        raise ConfigurationError(
            f"key set: found {len(members)} keys, expected at most {_MOST_MEMBERS} of any kind"
        )
    return _without_repeats(_read(members, pause, parse))


def paced(items: Iterable[ItemT], pause: Pause) -> Iterator[ItemT]:
    """Yield *items*, calling *pause* before each."""
    for item in items:
        if pause is not None:
            pause()
        yield item


def _read(members: Members, pause: Pause, parse: Callable[[Any], Read]) -> list[Read]:
    parsed: list[Read] = []
    counted, cheap = 0, 0
    for member in members:
        if pause is not None and cheap % _CHEAP == 0:
            pause()
        key = parse(member)
        cheap = cheap + 1 if isinstance(key, RefusedKey) and key.another_use else 0
        counted += not cheap
        if counted > MAX_KEYS:
            raise ConfigurationError(
                f"key set: found more than {MAX_KEYS} keys that may be for signatures, expected at most as many"
            )
        parsed.append(key)
    return parsed


def _without_repeats(parsed: list[Read]) -> list[Read]:
    """Refuse every key whose kid and an algorithm belong to an earlier one, so that a kid names one key."""
    taken: set[tuple[str | None, str]] = set()
    kept: list[Read] = []
    for key in parsed:
        if isinstance(key, VerificationKey) and key.kid is not None:
            names = {(key.kid, alg) for alg in key.algorithms}
            if not names.isdisjoint(taken):
                key = RefusedKey(key.kid, "kid is taken by another key of the set")
            else:
                taken |= names
        kept.append(key)
    return kept
