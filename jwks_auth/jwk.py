"""One JSON Web Key (RFC 7517): a member of a set becomes a key that verifies, or is refused with the reason.

A refused member never spoils its set. Nothing here raises for what a provider sends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import gcd, isqrt, prod
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from jwks_auth.algorithms import Algorithm, PublicKey, SignatureCheck, algorithms_for
from jwks_auth.base64url import decode_base64url
from jwks_auth.edwards import ED448, ED25519, EdwardsCurve
from jwks_auth.roca import is_roca_modulus
from jwks_auth.shown import escaped, named

__all__ = ["RefusedKey", "VerificationKey", "parse_jwk", "shown_kid"]

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192  # a check costs 0.3 ms there; OpenSSL itself would take minutes' worth of larger ones
MAX_RSA_EXPONENT_BITS = 256  # FIPS 186-5, 5.1
# NIST SP 800-89, 5.3.3: a modulus has no factor below 752.
_SMALL_PRIMES = prod(n for n in range(2, 752) if all(n % d for d in range(2, isqrt(n) + 1)))

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})


@dataclass(frozen=True, slots=True)
class RefusedKey:
    """A member of a set that is not used, and why."""

    kid: str | None
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class VerificationKey:
    """A public key with the algorithms it may verify. *jwk* is the public document it was read from."""

    kid: str | None
    kty: str
    jwk: Mapping[str, Any] = field(repr=False)
    checks: Mapping[str, SignatureCheck] = field(repr=False)

    @property
    def algorithms(self) -> frozenset[str]:
        """All that its type and curve allow; just one where the JWK names it (RFC 7517 section 4.4)."""
        return frozenset(self.checks)

    def verify(self, alg: str, signature: bytes, signing_input: bytes) -> bool:
        """Whether *signature* is this key's; ``False`` for an algorithm that it is not bound to."""
        check = self.checks.get(alg)
        return check is not None and check(signature, signing_input)


def shown_kid(kid: str | None) -> str:
    """A kid for people to read."""
    return "(no kid)" if kid is None else named(kid)


def parse_jwk(member: object) -> VerificationKey | RefusedKey:
    """The key in *member*, if it is public, asymmetric, strong and meant for signatures."""
    kid = member.get("kid") if isinstance(member, dict) else None
    try:
        return _parse(member)
    except (ValueError, UnsupportedAlgorithm) as exc:  # the latter where OpenSSL was built without a curve
        return RefusedKey(kid if isinstance(kid, str) else None, escaped(str(exc)))


def _parse(member: object) -> VerificationKey:
    if not isinstance(member, dict):
        raise ValueError("not a JSON object")
    kid = member.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise ValueError("kid is not a string")
    kty = member.get("kty")
    if kty == "oct":
        raise ValueError("symmetric: a shared secret has no place in a public key set")
    if not _PRIVATE_MEMBERS.isdisjoint(member):
        raise ValueError("holds private members: whoever can read the set can sign")
    read = _READERS.get(kty) if isinstance(kty, str) else None
    if read is None or not isinstance(kty, str):
        raise ValueError("key type is not supported")
    _check_purpose(member)
    key = read(member)
    checks = {name: algorithm.bind(key) for name, algorithm in _algorithms(member, kty).items()}
    return VerificationKey(kid, kty, member, checks)


def _check_purpose(member: Mapping[str, Any]) -> None:
    if "use" in member and member["use"] != "sig":
        raise ValueError("use is not sig")
    if "key_ops" in member:
        operations = member["key_ops"]
        if not isinstance(operations, list) or "verify" not in operations:
            raise ValueError("key_ops does not hold verify")
        if any(operation not in ("verify", "sign") for operation in operations):
            raise ValueError("key_ops mixes verify with other purposes")


def _algorithms(member: Mapping[str, Any], kty: str) -> dict[str, Algorithm]:
    """What the type and curve allow, or of that the one that the member names."""
    algorithms = algorithms_for(kty, None if kty == "RSA" else str(member.get("crv")))
    if "alg" not in member:
        return algorithms
    alg = member["alg"]
    if not isinstance(alg, str) or alg not in algorithms:
        raise ValueError("alg and key type are at odds")
    return {alg: algorithms[alg]}


def _octets(member: Mapping[str, Any], name: str) -> bytes:
    value = member.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a string")
    try:
        return decode_base64url(value.encode("ascii"))
    except ValueError:
        raise ValueError(f"{name} is not base64url") from None


def _read_rsa(member: Mapping[str, Any]) -> PublicKey:
    modulus = int.from_bytes(_octets(member, "n"), "big")
    exponent = int.from_bytes(_octets(member, "e"), "big")
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS:
        raise ValueError(f"RSA modulus is not between {MIN_RSA_BITS} and {MAX_RSA_BITS} bits")
    if exponent < 3 or not exponent & 1 or exponent.bit_length() > MAX_RSA_EXPONENT_BITS:
        raise ValueError("RSA exponent is even, below 3 or absurdly large")
    if is_roca_modulus(modulus):
        raise ValueError("RSA modulus has the ROCA weakness (CVE-2017-15361)")
    if gcd(modulus, _SMALL_PRIMES) != 1:
        raise ValueError("RSA modulus has a small factor")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


_CURVES: dict[object, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}


def _read_ec(member: Mapping[str, Any]) -> PublicKey:
    curve = _CURVES.get(member["crv"]) if isinstance(member.get("crv"), str) else None
    if curve is None:
        raise ValueError("curve is not supported")
    x, y = _octets(member, "x"), _octets(member, "y")
    size = (curve.key_size + 7) // 8
    if len(x) != size or len(y) != size:
        raise ValueError("coordinate is not full size (RFC 7518 section 6.2.1.2)")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + x + y)
    except ValueError:
        raise ValueError("point is not on the curve") from None


_EDWARDS_CURVES: dict[object, tuple[EdwardsCurve, Callable[[bytes], PublicKey]]] = {
    "Ed25519": (ED25519, ed25519.Ed25519PublicKey.from_public_bytes),
    "Ed448": (ED448, ed448.Ed448PublicKey.from_public_bytes),
}


def _read_okp(member: Mapping[str, Any]) -> PublicKey:
    named = _EDWARDS_CURVES.get(member["crv"]) if isinstance(member.get("crv"), str) else None
    if named is None:
        raise ValueError("curve is not supported")
    curve, load = named
    x = _octets(member, "x")
    if len(x) != curve.size:
        raise ValueError("x is not full size")
    if not curve.is_sound(x):
        raise ValueError("x is no point of the curve, or one of small order")
    return load(x)


_READERS: dict[str, Callable[[Mapping[str, Any]], PublicKey]] = {
    "RSA": _read_rsa,
    "EC": _read_ec,
    "OKP": _read_okp,
}
