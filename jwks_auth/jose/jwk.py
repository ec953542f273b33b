"""One JSON Web Key (RFC 7517): a member of a set becomes a key that verifies, or is refused with the reason.

A refused member never spoils its set. Nothing here raises for what a provider sends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm

from jwks_auth.challenge import escaped, named
from jwks_auth.errors import ConfigurationError
from jwks_auth.jose.algorithms import SignatureCheck, algorithms_in
from jwks_auth.jose.base64url import encode_base64url
from jwks_auth.jose.key_material import read_material
from jwks_auth.jose.key_purpose import AnotherUse, check_purpose

__all__ = [
    "MAX_KEYS",
    "Pause",
    "RefusedKey",
    "VerificationKey",
    "any_of",
    "paced",
    "parse_jwk",
    "read_members",
    "shown_kid",
]

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})


@dataclass(frozen=True, slots=True)
class RefusedKey:
    """A member of a set that is not used, and why."""

    kid: str | None
    reason: str
    another_use: bool = field(default=False, repr=False, compare=False)
    """It says that it is for something else, as for encryption: nothing is wrong with it."""


@dataclass(frozen=True, slots=True, eq=False)
class VerificationKey:
    """A public key with the algorithms it may verify. *jwk* is what it was read from, as a standard has it written."""

    kid: str | None
    kty: str
    jwk: Mapping[str, Any] = field(repr=False)
    checks: Mapping[str, SignatureCheck] = field(repr=False)

    @property
    def algorithms(self) -> frozenset[str]:
        """All that its type and curve allow; just one where the JWK names it (RFC 7517 section 4.4)."""
        return frozenset(self.checks)

    def verify(self, alg: str, signature: bytes, signing_input: bytes) -> bool:
        """Return whether *signature* is this key's; ``False`` for an algorithm that it is not bound to."""
        check = self.checks.get(alg)
        return check is not None and check(signature, signing_input)


def any_of(keys: Sequence[VerificationKey], alg: str) -> VerificationKey:
    """A key that verifies *alg* where one of *keys* does: for tokens that don't name theirs."""
    if len(keys) == 1:
        return keys[0]
    checks = tuple(key.checks[alg] for key in keys)

    def check(signature: bytes, signing_input: bytes) -> bool:
        return any(each(signature, signing_input) for each in checks)

    return VerificationKey(None, keys[0].kty, {}, {alg: check})


def shown_kid(kid: str | None) -> str:
    """A kid for people to read."""
    return "(no kid)" if kid is None else named(kid)


def parse_jwk(member: object) -> VerificationKey | RefusedKey:
    """The key in *member*, if it is public, asymmetric, strong and meant for signatures.

    Members that are ``null``, ``""`` or ``[]`` count as absent: serialisers write such for what a key does not have.
    """
    if not isinstance(member, dict):
        return RefusedKey(None, "not a JSON object")
    present = {name: value for name, value in member.items() if value is not None and value not in ("", [])}
    kid = present.get("kid")
    try:
        return _parse(present)
    except (ValueError, UnsupportedAlgorithm) as exc:  # the latter where OpenSSL was built without a curve
        return RefusedKey(
            kid if isinstance(kid, str) else None, escaped(str(exc)), isinstance(exc, AnotherUse)
        )


def _parse(member: dict[str, Any]) -> VerificationKey:
    kid, kty = member.get("kid"), member.get("kty")
    if kid is not None and not isinstance(kid, str):
        raise ValueError("kid is not a string")
    if kty == "oct":
        raise ValueError("symmetric: a shared secret has no place in a public key set")
    if not _PRIVATE_MEMBERS.isdisjoint(member):
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
"""Keys a set may have, but for those that say they are for another use; the largest trust lists have as many."""

_MOST_MEMBERS = 10_000
_CHEAP = 50  # keys for another use are told apart in a few microseconds each


class Members(Sized, Iterable[Any], Protocol):
    """Members as they are published."""


def read_members(
    members: Members, pause: Pause = None, *, parse: Callable[[Any], Read] = parse_jwk
) -> list[Read]:
    """What *parse* makes of each; raises ``ConfigurationError`` for too many.

    A thread that works beside an event loop may take a *pause* before each key.
    """
    if len(members) > _MOST_MEMBERS:
        raise ConfigurationError(
            f"key set: found {len(members)} keys, expected at most {_MOST_MEMBERS} of any kind"
        )
    return _without_repeats(_read(members, pause, parse))


def paced(items: Iterable[ItemT], pause: Pause) -> Iterator[ItemT]:
    """*items*, with a *pause* before each."""
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
    """Of keys with one kid and an algorithm in common the first stays, so that a kid names one key."""
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
