"""One JSON Web Key (RFC 7517): a member of a set becomes a key that verifies, or is refused with the reason.

A refused member never spoils its set. Nothing here raises for what a provider sends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm

from jwks_auth.challenge import escaped, named
from jwks_auth.jose.algorithms import SignatureCheck
from jwks_auth.jose.base64url import encode_base64url
from jwks_auth.jose.key_material import read_material
from jwks_auth.jose.key_purpose import AnotherUse, algorithms_in, check_purpose

__all__ = ["RefusedKey", "VerificationKey", "any_of", "parse_jwk", "shown_kid"]

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
