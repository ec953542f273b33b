"""One member of a key set: used, or refused with the reason (JOSE-5 to JOSE-9, JOSE-11, BCP-7, BCP-8)."""

from __future__ import annotations

from itertools import count
from math import gcd, prod
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from jwks_auth.base64url import encode_base64url
from jwks_auth.jwk import RefusedKey, VerificationKey, parse_jwk, shown_kid

RSA = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key(), as_dict=True)
EC = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)
ED = OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate().public_key(), as_dict=True)
ED448 = OKPAlgorithm.to_jwk(ed448.Ed448PrivateKey.generate().public_key(), as_dict=True)
KEYS = {"RSA": RSA, "EC": EC, "Ed25519": ED, "Ed448": ED448}
CURVES: dict[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
PRIMES = {
    "P-256": 2**256 - 2**224 + 2**192 + 2**96 - 1,
    "P-384": 2**384 - 2**128 - 2**96 + 2**32 - 1,
    "P-521": 2**521 - 1,
    "secp256k1": 2**256 - 2**32 - 977,
}


def number(value: int) -> str:
    """A Base64urlUInt."""
    return encode_base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@pytest.mark.parametrize(
    ("jwk", "algorithms"),
    [
        (RSA, {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        (EC, {"ES256"}),
        (ED, {"EdDSA", "Ed25519"}),
        (ED448, {"Ed448"}),
        ({**RSA, "alg": "PS384"}, {"PS384"}),
        ({**ED, "alg": "EdDSA"}, {"EdDSA"}),
        ({**EC, "alg": "ES256", "use": "sig", "key_ops": ["verify"], "x5t": "?", "unknown": [1]}, {"ES256"}),
        ({**RSA, "key_ops": ["sign", "verify"]}, {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    ],
)
def test_jose_7_a_key_verifies_what_type_curve_and_alg_allow(
    jwk: dict[str, Any], algorithms: set[str]
) -> None:
    """Without ``alg`` all that the type and curve allow; with it, only that one. Unknown members are ignored."""
    key = parse_jwk({**jwk, "kid": "k"})
    assert isinstance(key, VerificationKey)
    assert (key.kid, key.kty, key.algorithms) == ("k", jwk["kty"], algorithms)
    assert key.jwk == {**jwk, "kid": "k"}
    assert not key.verify("HS256", b"", b"")


FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "JOSE-6_use_enc": ("RSA", {"use": "enc"}, "use is not sig"),
    "JOSE-6_use_in_capitals": ("RSA", {"use": "SIG"}, "use is not sig"),
    "JOSE-6_use_null": ("RSA", {"use": None}, "use is not sig"),
    "JOSE-6_key_ops_sign": ("RSA", {"key_ops": ["sign"]}, "key_ops"),
    "JOSE-6_key_ops_empty": ("RSA", {"key_ops": []}, "key_ops"),
    "JOSE-6_key_ops_a_string": ("RSA", {"key_ops": "verify"}, "key_ops"),
    "JOSE-6_key_ops_mixed": ("RSA", {"use": "sig", "key_ops": ["verify", "encrypt"]}, "mixes"),
    "JOSE-6_key_ops_of_lists": ("RSA", {"key_ops": ["verify", []]}, "mixes"),
    "JOSE-7_alg_of_another_type": ("RSA", {"alg": "ES256"}, "at odds"),
    "JOSE-7_alg_of_another_curve": ("EC", {"alg": "ES384"}, "at odds"),
    "JOSE-7_alg_for_encryption": ("RSA", {"alg": "RSA-OAEP"}, "at odds"),
    "JOSE-7_alg_symmetric": ("RSA", {"alg": "HS256"}, "at odds"),
    "JOSE-7_alg_none": ("RSA", {"alg": "none"}, "at odds"),
    "JOSE-7_alg_null": ("RSA", {"alg": None}, "at odds"),
    "JOSE-7_alg_a_list": ("RSA", {"alg": ["RS256"]}, "at odds"),
    "JOSE-7_alg_EdDSA_of_Ed448": ("Ed448", {"alg": "EdDSA"}, "at odds"),
    "JOSE-11_symmetric": ("RSA", {"kty": "oct"}, "symmetric"),
    "JOSE-11_private_rsa": ("RSA", {"d": "AQAB"}, "private"),
    "JOSE-11_private_prime": ("RSA", {"p": "AQAB"}, "private"),
    "JOSE-11_private_ec": ("EC", {"d": "AQAB"}, "private"),
    "JOSE-11_private_okp": ("Ed25519", {"d": "AQAB"}, "private"),
    "JOSE-11_secret_member": ("RSA", {"k": "AQAB"}, "private"),
    "JOSE-5_unknown_type": ("RSA", {"kty": "AKP"}, "type is not supported"),
    "JOSE-5_type_in_small_letters": ("RSA", {"kty": "rsa"}, "type is not supported"),
    "JOSE-5_type_missing": ("RSA", {"kty": None}, "type is not supported"),
    "JOSE-5_type_a_list": ("RSA", {"kty": ["RSA"]}, "type is not supported"),
    "JOSE-5_kid_a_number": ("RSA", {"kid": 1}, "kid"),
    "JOSE-5_n_missing": ("RSA", {"n": None}, "n is not a string"),
    "JOSE-5_n_padded": ("RSA", {"n": RSA["n"] + "=="}, "n is not base64url"),
    "JOSE-5_n_beyond_ascii": ("RSA", {"n": "\u00e9"}, "n is not base64url"),
    "JOSE-5_e_a_number": ("RSA", {"e": 65537}, "e is not a string"),
    "JOSE-9_rsa_1024": ("RSA", {"n": number(2**1023 + 1)}, "bits"),
    "JOSE-9_rsa_2047": ("RSA", {"n": number(2**2046 + 1)}, "bits"),
    "JOSE-9_rsa_16384": ("RSA", {"n": number(2**16383 + 1)}, "bits"),
    "BCP-8_exponent_one": ("RSA", {"e": number(1)}, "exponent"),
    "BCP-8_exponent_even": ("RSA", {"e": number(65536)}, "exponent"),
    "BCP-8_exponent_of_2000_bits": ("RSA", {"e": number(2**2000 + 1)}, "exponent"),
    "BCP-8_exponent_empty": ("RSA", {"e": ""}, "exponent"),
    "BCP-8_modulus_even": ("RSA", {"n": number(2**2047)}, "small factor"),
    "BCP-8_modulus_of_small_factors": ("RSA", {"n": number(751 * (2**2047 // 751 | 1))}, "small factor"),
    "BCP-8_modulus_all_ones": ("RSA", {"n": number(2**2048 - 1)}, "small factor"),
    "JOSE-9_coordinate_one_octet_short": ("EC", {"x": encode_base64url(bytes(31))}, "full size"),
    "JOSE-9_coordinate_one_octet_long": ("EC", {"y": encode_base64url(bytes(33))}, "full size"),
    "JOSE-9_y_missing": ("EC", {"y": None}, "y is not a string"),
    "BCP-7_point_off_the_curve": ("EC", {"y": encode_base64url(bytes(31) + b"\1")}, "not on the curve"),
    "BCP-7_point_of_another_curve": ("EC", {"crv": "secp256k1"}, "not on the curve"),
    "BCP-7_unknown_curve": ("EC", {"crv": "P-192"}, "curve is not supported"),
    "BCP-7_curve_a_list": ("EC", {"crv": ["P-256"]}, "curve is not supported"),
    "BCP-7_okp_curve_for_encryption": ("Ed25519", {"crv": "X25519"}, "curve is not supported"),
    "BCP-7_okp_curve_a_list": ("Ed25519", {"crv": []}, "curve is not supported"),
    "BCP-7_ed25519_short": ("Ed25519", {"x": encode_base64url(bytes(31))}, "full size"),
    "BCP-7_ed448_short": ("Ed448", {"x": encode_base64url(bytes(56))}, "full size"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_member_is_refused_with_the_reason(name: str) -> None:
    """JOSE-6 and others: each fault beside the same key without it."""
    kind, fault, reason = FAULTS[name]
    assert isinstance(parse_jwk({"kid": "k", **KEYS[kind]}), VerificationKey)
    refused = parse_jwk({"kid": "k", **KEYS[kind], **fault})
    assert isinstance(refused, RefusedKey)
    assert reason in refused.reason
    assert refused.kid == (None if "kid" in fault else "k")


@pytest.mark.parametrize("crv", CURVES)
@pytest.mark.parametrize("fault", ["next_to_the_curve", "zero", "x_is_the_prime", "all_ones", "twisted"])
def test_bcp_7_points_off_each_curve_are_refused(crv: str, fault: str) -> None:
    """Also its point with a coordinate written the other way, beyond the field's prime."""
    public = ec.generate_private_key(CURVES[crv]).public_key()
    good = ECAlgorithm.to_jwk(public, as_dict=True)
    assert isinstance(parse_jwk(good), VerificationKey)
    point, size = public.public_numbers(), (public.key_size + 7) // 8
    x, y = {
        "next_to_the_curve": (point.x, point.y ^ 1),
        "zero": (0, 0),
        "x_is_the_prime": (PRIMES[crv], point.y),
        "all_ones": (2 ** (8 * size) - 1, 2 ** (8 * size) - 1),
        "twisted": (point.y, point.x),
    }[fault]
    bad = {name: encode_base64url(value.to_bytes(size, "big")) for name, value in (("x", x), ("y", y))}
    assert parse_jwk({**good, **bad}) == RefusedKey(None, "point is not on the curve")


@pytest.mark.parametrize("member", [None, [], "key", 1, {}])
def test_jose_5_what_is_no_key_is_refused(member: object) -> None:
    """A member can be any JSON value."""
    assert isinstance(parse_jwk(member), RefusedKey)


def test_bcp_8_a_roca_modulus_is_refused() -> None:
    """A modulus that is a power of 65537 modulo every small prime, as the faulty generator's are (CVE-2017-15361)."""
    product = prod(n for n in range(3, 168) if all(n % d for d in range(2, n)))
    modulus = pow(65537, 12345, product) + (2**2047 // product + 1) * product
    modulus += product * (1 - modulus % 2)  # odd, as every modulus
    refused = parse_jwk({**RSA, "n": number(modulus)})
    assert isinstance(refused, RefusedKey)
    assert "ROCA" in refused.reason


@pytest.mark.parametrize(
    ("modulus_bits", "exponent", "used"),
    [
        (2048, 3, True),
        (2048, 2**255 + 1, True),
        (2048, 2**256 + 1, False),
        (8192, 65537, True),
        (8193, 65537, False),
    ],
)
def test_bcp_8_the_bounds_of_rsa_keys(modulus_bits: int, exponent: int, used: bool) -> None:
    """The last key inside and the first outside of each."""
    modulus = next(n for n in count(2 ** (modulus_bits - 1) + 1, 2) if gcd(n, prod(range(3, 2000, 2))) == 1)
    assert (
        isinstance(parse_jwk({**RSA, "n": number(modulus), "e": number(exponent)}), VerificationKey) is used
    )


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_sound_rsa_keys_of_any_usual_size_are_used(bits: int) -> None:
    """No false alarm."""
    jwk = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, bits).public_key(), as_dict=True)
    assert isinstance(parse_jwk(jwk), VerificationKey)


def test_a_key_shows_no_key_material() -> None:
    """What is printed is the kid and the type."""
    assert repr(parse_jwk({**RSA, "kid": "k"})) == "VerificationKey(kid='k', kty='RSA')"


@pytest.mark.parametrize(
    ("kid", "shown"),
    [(None, "(no kid)"), ("2026-11", "2026-11"), ("", "''"), ("\x1b[2J", r"'\x1b[2J'")],
)
def test_a_kid_is_shown_without_control_characters(kid: str | None, shown: str) -> None:
    """Terminals and logs obey those."""
    assert shown_kid(kid) == shown
