"""The numbers of a public key in a JWK (RFC 7518 section 6, 8037, 8812, 9964), read leniently and judged strictly.

Some providers pad base64, or write a coordinate with a zero too few or too many: their meaning is plain, and accepted.
A weak or impossible key raises a ``ValueError`` with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import gcd, isqrt, prod
from typing import Any, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from jwks_auth.challenge import brief
from jwks_auth.jose.base64url import decode_any_base64
from jwks_auth.jose.ml_dsa import ML_DSA, PublicKey
from jwks_auth.jose.weak_keys import ED448, ED25519, EdwardsCurve, is_roca_modulus

__all__ = ["Material", "read_material"]

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192  # a check costs 0.3 ms; with the largest keys that OpenSSL takes it would cost far more
MAX_RSA_EXPONENT_BITS = 256  # FIPS 186-5, 5.1
# NIST SP 800-89, 5.3.3: a modulus has no factor below 752.
_SMALL_PRIMES = prod(n for n in range(2, 752) if all(n % d for d in range(2, isqrt(n) + 1)))

Material: TypeAlias = tuple[PublicKey, dict[str, bytes]]
"""A public key, and the octets of its members in the spelling of the standard."""


def read_material(member: Mapping[str, Any], kty: str, *, at_once: bool = False) -> Material:
    """Return the public key in a JWK of type *kty*; raise ``ValueError``.

    *at_once*: a signature is checked next, which refuses what is no point of an Edwards curve by itself.
    """
    read = _READERS_AT_ONCE.get(kty) if at_once else _READERS.get(kty)
    if read is None:
        raise ValueError(f"key type {brief(kty)} is not supported")
    return read(member)


def _octets(member: Mapping[str, Any], name: str) -> bytes:
    value = member.get(name)
    if value is None:
        raise ValueError(f"{name} is missing")
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a string")
    try:
        return decode_any_base64(value.encode("ascii"))
    except ValueError:
        raise ValueError(f"{name} is not base64url") from None


def _read_rsa(member: Mapping[str, Any]) -> Material:
    octets = {name: _octets(member, name) for name in ("n", "e")}
    modulus, exponent = (int.from_bytes(number, "big") for number in octets.values())
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS:
        raise ValueError(f"RSA modulus is not between {MIN_RSA_BITS} and {MAX_RSA_BITS} bits")
    if exponent < 3 or not exponent & 1 or exponent.bit_length() > MAX_RSA_EXPONENT_BITS:
        raise ValueError("RSA exponent is even, below 3 or absurdly large")
    if is_roca_modulus(modulus):
        raise ValueError("RSA modulus has the ROCA weakness (CVE-2017-15361)")
    if gcd(modulus, _SMALL_PRIMES) != 1:
        raise ValueError("RSA modulus has a small factor")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key(), octets


_CURVES: dict[object, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}


def _read_ec(member: Mapping[str, Any]) -> Material:
    curve = _CURVES.get(_curve(member))
    if curve is None:
        raise ValueError(f"curve {brief(member['crv'])} is not supported")
    size = (curve.key_size + 7) // 8
    octets = {name: _coordinate(_octets(member, name), size) for name in ("x", "y")}
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + octets["x"] + octets["y"])
    except ValueError:
        raise ValueError("point is not on the curve") from None
    return point, octets


def _coordinate(octets: bytes, size: int) -> bytes:
    """Return a coordinate at full size (RFC 7518 section 6.2.1.2).

    Big-number libraries drop zeros at the front, or add one that marks the number as positive.
    """
    if len(octets) == size + 1 and octets[0] == 0:
        octets = octets[1:]
    if len(octets) > size:
        raise ValueError("coordinate is larger than the curve's field")
    return octets.rjust(size, b"\0")


_EDWARDS_CURVES: dict[object, tuple[EdwardsCurve, Callable[[bytes], PublicKey]]] = {
    "Ed25519": (ED25519, ed25519.Ed25519PublicKey.from_public_bytes),
    "Ed448": (ED448, ed448.Ed448PublicKey.from_public_bytes),
}


def _read_okp(member: Mapping[str, Any], *, at_once: bool = False) -> Material:
    named = _EDWARDS_CURVES.get(_curve(member))
    if named is None:
        raise ValueError(f"curve {brief(member['crv'])} is not supported")
    curve, load = named
    x = _octets(member, "x")
    if len(x) != curve.size:
        raise ValueError("x is not full size")
    if not (curve.is_large(x) if at_once else curve.is_sound(x)):
        raise ValueError("x is no point of the curve, or one of small order")
    return load(x), {"x": x}


def _curve(member: Mapping[str, Any]) -> str:
    crv = member.get("crv")
    if crv is None:
        raise ValueError("crv is missing")
    if not isinstance(crv, str):
        raise ValueError("crv is not a string")
    return crv


def _read_akp(member: Mapping[str, Any]) -> Material:
    alg = member.get("alg")
    if alg is None:
        raise ValueError("alg is missing: it says what a key of type AKP is (RFC 9964 section 3)")
    kind = ML_DSA.get(alg) if isinstance(alg, str) else None
    if kind is None:
        raise ValueError(
            f"alg {brief(alg)} is not supported for type AKP, or not by this version of cryptography"
        )
    pub = _octets(member, "pub")
    try:
        return kind.from_public_bytes(pub), {"pub": pub}
    except ValueError:
        raise ValueError(f"pub is not as long as {alg} has it") from None


_READERS: dict[str, Callable[[Mapping[str, Any]], Material]] = {
    "RSA": _read_rsa,
    "EC": _read_ec,
    "OKP": _read_okp,
    "AKP": _read_akp,
}
_READERS_AT_ONCE: dict[str, Callable[[Mapping[str, Any]], Material]] = {
    **_READERS,
    "OKP": partial(_read_okp, at_once=True),
}
