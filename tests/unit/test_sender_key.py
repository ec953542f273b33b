"""Keys that come in a header: held to the rules of keys in sets, at less cost."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519

from jwks_auth.jose import key_material
from jwks_auth.jose.base64url import encode_base64url
from jwks_auth.jose.jwk import VerificationKey, parse_jwk
from jwks_auth.jose.sender_key import check_by
from jwks_auth.testing.keys import SigningKey
from tests.unit.test_weak_keys import CURVES, jwk, unsound

ALGORITHMS = ("ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA", "Ed25519", "Ed448", "ES256K")


def members(alg: str) -> dict[str, Any]:
    """The members of a new public key, with nothing beside."""
    needed = {"kty", "crv", "x", "y", "n", "e"}
    public = SigningKey.generate(alg).public_members()
    return {name: value for name, value in public.items() if name in needed}


def number(value: int) -> str:
    """An unsigned number as a JWK has it."""
    return encode_base64url(value.to_bytes((value.bit_length() + 7) // 8 or 1, "big"))


PRIMES = 3 * 5 * 7
WEAK: dict[str, tuple[str, dict[str, Any]]] = {
    "a modulus of 1024 bits": ("RS256", {"n": number((1 << 1024) - 105)}),
    "a modulus that is too large": ("RS256", {"n": number((1 << 16384) - 105)}),
    "a modulus with a small factor": ("RS256", {"n": number(((1 << 2048) // PRIMES - 1) * PRIMES)}),
    "an exponent of 1": ("PS256", {"e": number(1)}),
    "an even exponent": ("PS256", {"e": number(4)}),
    "an exponent that is too large": ("PS256", {"e": number((1 << 300) + 1)}),
    "no modulus": ("RS256", {"n": None}),
    "an empty modulus": ("RS256", {"n": ""}),
    "a modulus of a number": ("RS256", {"n": 5}),
    "no base64url": ("RS256", {"e": "%"}),
    "a point off the curve": ("ES256", {"x": number(5), "y": number(5)}),
    "a coordinate that is too long": ("ES256", {"x": encode_base64url(b"\1" * 40)}),
    "another curve": ("ES256", {"crv": "P-384"}),
    "an unknown curve": ("ES256", {"crv": "P-999"}),
    "no curve": ("ES256", {"crv": None}),
    "a curve that is a list": ("ES256", {"crv": ["P-256"]}),
    "another type": ("ES256", {"kty": "OKP"}),
    "an unknown type": ("ES256", {"kty": "XX"}),
    "a secret": ("ES256", {"kty": "oct"}),
    "for encryption": ("ES256", {"use": "enc"}),
    "operations without verify": ("ES256", {"key_ops": ["sign"]}),
    "an algorithm of its own": ("ES256", {"alg": "ES384"}),
    "a name that is a number": ("ES256", {"kid": 5}),
    "private": ("ES256", {"d": "AA"}),
    "too short": ("EdDSA", {"x": "AA"}),
}


@pytest.mark.parametrize(("alg", "change"), WEAK.values(), ids=WEAK)
def test_what_a_set_refuses_a_header_refuses(alg: str, change: dict[str, Any]) -> None:
    """Attack: a key that the rules would keep out of a set, sent along with its signature."""
    changed = members(alg) | change
    read = parse_jwk(changed)
    assert not isinstance(read, VerificationKey) or alg not in read.checks
    assert check_by(changed, alg) is None


@pytest.mark.parametrize(
    "more", [{}, {"kid": "1"}, {"use": "sig"}, {"key_ops": ["verify"]}, {"kid": None}, {"ext": True}]
)
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_what_a_set_takes_a_header_takes(alg: str, more: dict[str, Any]) -> None:
    """The control: with and without members that say more, and for its own algorithms alone."""
    key = SigningKey.generate(alg)
    needed = {"kty", "crv", "x", "y", "n", "e"}
    public = {name: value for name, value in key.public_members().items() if name in needed} | more
    signed, _, signature = key.sign(b"payload", {}).encode().rpartition(b".")
    check = check_by(public, alg)
    assert check is not None
    read = parse_jwk(public)
    assert isinstance(read, VerificationKey)
    raw = key_material.decode_any_base64(signature)
    assert check(raw, signed) is read.checks[alg](raw, signed) is True
    assert check(raw, signed + b"x") is check(raw[:-1], signed) is False
    for other in {*ALGORITHMS, "none", "HS256"} - set(read.checks):
        assert check_by(public, other) is None


@pytest.mark.parametrize(("crv", "spelled"), list(unsound()))
def test_an_unsound_edwards_key_verifies_nothing(crv: str, spelled: int) -> None:
    """Attack: a point of small order, for which anybody can sign, and what is no point at all."""
    size = CURVES[crv].size
    check = check_by({**_bare(jwk(crv)), "x": encode_base64url(spelled.to_bytes(size, "little"))}, _alg(crv))
    identity = (1).to_bytes(size, "little")
    forged = [bytes(2 * size), identity + bytes(size), bytes(size) + identity, b"\xff" * 2 * size]
    assert check is None or not any(check(signature, b"any data") for signature in forged)


def test_a_point_off_the_edwards_curve_is_left_to_the_signature() -> None:
    """OpenSSL can't decode it, and refuses every signature of it; to look first costs more than the signature."""
    x = _off_the_curve()
    check = check_by({"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(x)}, "EdDSA")
    assert check is not None
    made = ed25519.Ed25519PrivateKey.generate().sign(b"any data")
    assert not check(made, b"any data")
    assert not check(x + bytes(32), b"any data")


def test_a_curve_that_openssl_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where it is built without secp256k1."""

    def lacking(*arguments: Any) -> None:
        raise UnsupportedAlgorithm("no such curve")

    public = members("ES256K")
    monkeypatch.setitem(key_material._READERS_AT_ONCE, "EC", lacking)
    assert check_by(public, "ES256K") is None


def _bare(public: dict[str, Any]) -> dict[str, Any]:
    return {name: public[name] for name in ("kty", "crv", "x")}


def _alg(crv: str) -> str:
    return "EdDSA" if crv == "Ed25519" else "Ed448"


def _off_the_curve() -> bytes:
    curve = CURVES["Ed25519"]
    return next(
        x
        for x in (each.to_bytes(32, "little") for each in range(2, 99))
        if curve.is_large(x) and not curve.is_sound(x)
    )
