"""A forger's bench: an issuer's real keys, and tokens put together octet by octet."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwt.algorithms import get_default_algorithms

from jwks_auth.jose.base64url import encode_base64url

ISSUER = "https://id.example/"
AUDIENCE = "https://api.example"
CURVE_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
EDWARDS_ORDER = 2**252 + 27742317777372353535851937790883648493  # of Ed25519's base point

RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
ATTACKER_KEY = rsa.generate_private_key(65537, 2048)

ALGORITHMS: dict[str, Any] = {"RS256": RSA_KEY, "PS256": RSA_KEY, "ES256": EC_KEY, "EdDSA": ED_KEY}


def public_jwk(alg: str, key: Any, /, **members: Any) -> dict[str, Any]:
    """The public JWK of a private key."""
    return {**get_default_algorithms()[alg].to_jwk(key.public_key(), as_dict=True), **members}


KEY_SET = {"keys": [public_jwk(alg, key, kid=alg, alg=alg, use="sig") for alg, key in ALGORITHMS.items()]}


@dataclass(frozen=True)
class In:
    """So many *seconds* after the token is made, which is long after tables of attacks are."""

    seconds: float
    unit: int = 1


def dated(claims: Mapping[str, Any]) -> dict[str, Any]:
    """*claims* of a token that is made now."""
    now = int(time.time())
    return {
        name: (now + value.seconds) * value.unit if isinstance(value, In) else value
        for name, value in claims.items()
    }


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims, with changes; a claim that becomes ``...`` is left out."""
    good = {"iss": ISSUER, "sub": "user", "aud": AUDIENCE, "exp": In(300), "iat": In(0), "jti": "1"}
    return dated({name: value for name, value in {**good, **changes}.items() if value is not ...})


def header(alg: str = "RS256", /, **changes: Any) -> dict[str, Any]:
    """A good header, with changes."""
    good = {"alg": alg, "kid": alg, "typ": "at+jwt"}
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def octets(value: Any) -> bytes:
    """JSON of *value*; octets and text are taken as they are."""
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def segment(value: Any) -> str:
    """One segment of a token."""
    return encode_base64url(octets(value))


def sign(signing_input: bytes, alg: str = "RS256", key: Any = None) -> bytes:
    """The right signature of *alg*."""
    key = key or ALGORITHMS[alg]
    if alg == "RS256":
        return bytes(key.sign(signing_input, padding.PKCS1v15(), hashes.SHA256()))
    if alg == "PS256":
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        return bytes(key.sign(signing_input, pss, hashes.SHA256()))
    if alg == "ES256":
        r, s = decode_dss_signature(key.sign(signing_input, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return bytes(key.sign(signing_input))


def mac(secret: bytes, digest: str = "sha256") -> Callable[[bytes], bytes]:
    """A signer for HS256 and its like."""
    return lambda signing_input: hmac.new(secret, signing_input, getattr(hashlib, digest)).digest()


def assemble(head: str, payload: str, signer: Callable[[bytes], bytes] = sign) -> str:
    """A token of segments exactly as given, signed as sent."""
    signing_input = f"{head}.{payload}".encode()
    return f"{head}.{payload}.{encode_base64url(signer(signing_input))}"


def token(head: Any = None, payload: Any = None, *, alg: str = "RS256", key: Any = None) -> str:
    """A token of any header and payload, rightly signed with *alg*."""
    head, payload = header(alg) if head is None else head, claims() if payload is None else payload
    return assemble(segment(head), segment(payload), lambda data: sign(data, alg, key))


def resigned(alg: str, signer: Callable[[bytes], bytes]) -> str:
    """A good token of *alg* but for how its signature is made."""
    return assemble(segment(header(alg)), segment(claims()), signer)


def raw_rsa(encoded: bytes) -> bytes:
    """The private operation on a message encoded by hand."""
    numbers = RSA_KEY.private_numbers()
    modulus = numbers.public_numbers.n
    return pow(int.from_bytes(encoded, "big"), numbers.d, modulus).to_bytes(256, "big")


SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
SHA256_INFO_WITHOUT_NULL = bytes.fromhex("302f300b0609608648016503040201") + bytes.fromhex("0420")
SHA1_INFO = bytes.fromhex("3021300906052b0e03021a05000414")


def pkcs1_encoded(
    signing_input: bytes, info: bytes = SHA256_INFO, digest: str = "sha256", **shape: Any
) -> bytes:
    """A PKCS #1 v1.5 encoding of any shape; the right one unless told otherwise."""
    tail = info + getattr(hashlib, digest)(signing_input).digest() + shape.get("garbage", b"")
    fill = shape.get("fill", 256 - 3 - len(tail))
    head = bytes([0, shape.get("block", 1)]) + shape.get("octet", b"\xff") * fill + b"\0"
    return (head + tail).ljust(256, b"\0")


def pkcs1(signing_input: bytes, **shape: Any) -> bytes:
    """An RSA signature over such an encoding."""
    return raw_rsa(pkcs1_encoded(signing_input, **shape))


def es256(change: Callable[[int, int], tuple[int, int]]) -> str:
    """A token whose ECDSA signature is changed as numbers."""

    def signer(data: bytes) -> bytes:
        good = sign(data, "ES256")
        r, s = change(int.from_bytes(good[:32], "big"), int.from_bytes(good[32:], "big"))
        return (r % 2**256).to_bytes(32, "big") + (s % 2**256).to_bytes(32, "big")

    return resigned("ES256", signer)


def tampered(change: Callable[[bytes], bytes], alg: str = "RS256") -> str:
    """A token whose signature's octets are changed."""
    return resigned(alg, lambda data: change(sign(data, alg)))


def raw_ecdsa(signing_input: bytes, digest: hashes.HashAlgorithm) -> bytes:
    """r and s of an ECDSA signature with any hash."""
    r, s = decode_dss_signature(EC_KEY.sign(signing_input, ec.ECDSA(digest)))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
