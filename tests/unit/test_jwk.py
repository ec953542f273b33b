"""One member of a key set: used, or refused with the reason (JOSE-5 to JOSE-9, JOSE-11, BCP-7, BCP-8)."""

from __future__ import annotations

from itertools import count
from math import gcd, prod
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from jwks_auth.jose.base64url import encode_base64url
from jwks_auth.jose.jwk import RefusedKey, VerificationKey, parse_jwk, shown_kid

RSA = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key(), as_dict=True)
EC = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)
ED = OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate().public_key(), as_dict=True)
ED448 = OKPAlgorithm.to_jwk(ed448.Ed448PrivateKey.generate().public_key(), as_dict=True)
KEYS: dict[str, dict[str, Any]] = {"RSA": RSA, "EC": EC, "Ed25519": ED, "Ed448": ED448}
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
    "JOSE-6_use_enc": ("RSA", {"use": "enc"}, "use is enc: a key for encryption"),
    "JOSE-6_use_in_capitals": ("RSA", {"use": "SIG"}, "use is SIG, not sig"),
    "JOSE-6_use_of_another_kind": ("RSA", {"use": "x509-svid"}, "use is x509-svid, not sig"),
    "JOSE-6_use_a_list": ("RSA", {"use": ["sig"]}, "use is of type list, not sig"),
    "JOSE-6_use_of_a_megabyte": ("RSA", {"use": "x" * 1_000_000}, "use is '" + "x" * 40 + "'..., not sig"),
    "JOSE-6_key_ops_sign": ("RSA", {"key_ops": ["sign"]}, "key_ops"),
    "JOSE-6_key_ops_a_string": ("RSA", {"key_ops": "verify"}, "key_ops is not a list"),
    "JOSE-6_key_ops_encrypt": ("RSA", {"key_ops": ["encrypt", "wrapKey"]}, "does not hold verify"),
    "JOSE-6_key_ops_mixed": ("RSA", {"use": "sig", "key_ops": ["verify", "encrypt"]}, "mixes"),
    "JOSE-6_key_ops_of_lists": ("RSA", {"key_ops": ["verify", []]}, "mixes"),
    "JOSE-7_alg_of_another_type": ("RSA", {"alg": "ES256"}, "at odds: ES256 is for EC P-256"),
    "JOSE-7_alg_of_another_curve": ("EC", {"alg": "ES384"}, "at odds: ES384 is for EC P-384"),
    "JOSE-7_alg_for_encryption": ("RSA", {"alg": "RSA-OAEP"}, "alg is RSA-OAEP: a key for encryption"),
    "JOSE-7_alg_for_agreement": ("EC", {"alg": "ECDH-ES+A256KW"}, "alg is ECDH-ES+A256KW: a key for"),
    "JOSE-7_alg_symmetric": ("RSA", {"alg": "HS256"}, "at odds: HS256 signs with a shared secret"),
    "JOSE-7_alg_none": ("RSA", {"alg": "none"}, "alg none is not supported"),
    "JOSE-7_alg_a_list": ("RSA", {"alg": ["RS256"]}, "alg is not a string"),
    "JOSE-7_alg_EdDSA_of_Ed448": ("Ed448", {"alg": "EdDSA"}, "at odds"),
    "JOSE-11_symmetric": ("RSA", {"kty": "oct"}, "symmetric"),
    "JOSE-11_private_rsa": ("RSA", {"d": "AQAB"}, "private"),
    "JOSE-11_private_prime": ("RSA", {"p": "AQAB"}, "private"),
    "JOSE-11_private_ec": ("EC", {"d": "AQAB"}, "private"),
    "JOSE-11_private_okp": ("Ed25519", {"d": "AQAB"}, "private"),
    "JOSE-11_secret_member": ("RSA", {"k": "AQAB"}, "private"),
    **{
        f"JOSE-11_{name}_{type(value).__name__}": ("RSA", {name: value}, "private")
        for name in ("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv")
        for value in (0, False, {}, " ", [None], "AQAB")
    },
    "JOSE-5_unknown_type": ("RSA", {"kty": "XYZ"}, "key type XYZ is not supported"),
    "JOSE-5_type_in_small_letters": ("RSA", {"kty": "rsa"}, "key type rsa is not supported"),
    "JOSE-5_type_missing": ("RSA", {"kty": None}, "kty is missing"),
    "JOSE-5_type_a_list": ("RSA", {"kty": ["RSA"]}, "kty is not a string"),
    "JOSE-5_kid_a_number": ("RSA", {"kid": 1}, "kid"),
    "JOSE-5_n_missing": ("RSA", {"n": None}, "n is missing"),
    "JOSE-5_n_empty": ("RSA", {"n": ""}, "n is missing"),
    "JOSE-5_n_with_spaces": ("RSA", {"n": RSA["n"] + " "}, "n is not base64url"),
    "JOSE-5_n_with_padding_inside": ("RSA", {"n": "AA==" + RSA["n"]}, "n is not base64url"),
    "JOSE-5_n_hexadecimal": ("RSA", {"n": "0x" + "ab" * 256}, "n is not base64url"),
    "JOSE-5_n_beyond_ascii": ("RSA", {"n": "\u00e9"}, "n is not base64url"),
    "JOSE-5_e_a_number": ("RSA", {"e": 65537}, "e is not a string"),
    "JOSE-9_rsa_1024": ("RSA", {"n": number(2**1023 + 1)}, "bits"),
    "JOSE-9_rsa_2047": ("RSA", {"n": number(2**2046 + 1)}, "bits"),
    "JOSE-9_rsa_16384": ("RSA", {"n": number(2**16383 + 1)}, "bits"),
    "BCP-8_exponent_one": ("RSA", {"e": number(1)}, "exponent"),
    "BCP-8_exponent_even": ("RSA", {"e": number(65536)}, "exponent"),
    "BCP-8_exponent_of_2000_bits": ("RSA", {"e": number(2**2000 + 1)}, "exponent"),
    "BCP-8_exponent_empty": ("RSA", {"e": ""}, "e is missing"),
    "BCP-8_exponent_only_padding": ("RSA", {"e": "=="}, "exponent"),
    "BCP-8_modulus_even": ("RSA", {"n": number(2**2047)}, "small factor"),
    "BCP-8_modulus_of_small_factors": ("RSA", {"n": number(751 * (2**2047 // 751 | 1))}, "small factor"),
    "BCP-8_modulus_all_ones": ("RSA", {"n": number(2**2048 - 1)}, "small factor"),
    "JOSE-9_coordinate_one_octet_long": ("EC", {"y": encode_base64url(b"\1" + bytes(32))}, "larger than"),
    "JOSE-9_coordinate_two_octets_long": ("EC", {"y": encode_base64url(bytes(34))}, "larger than"),
    "JOSE-9_coordinate_of_one_octet": ("EC", {"x": encode_base64url(b"\1")}, "not on the curve"),
    "JOSE-9_y_missing": ("EC", {"y": None}, "y is missing"),
    "BCP-7_curve_missing": ("EC", {"crv": None}, "crv is missing"),
    "BCP-7_point_off_the_curve": ("EC", {"y": encode_base64url(bytes(31) + b"\1")}, "not on the curve"),
    "BCP-7_point_of_another_curve": ("EC", {"crv": "secp256k1"}, "not on the curve"),
    "BCP-7_unknown_curve": ("EC", {"crv": "P-192"}, "curve P-192 is not supported"),
    "BCP-7_curve_a_list": ("EC", {"crv": ["P-256"]}, "crv is not a string"),
    "BCP-7_okp_curve_for_encryption": ("Ed25519", {"crv": "X25519"}, "crv is X25519: a key for encryption"),
    "BCP-7_okp_unknown_curve": ("Ed25519", {"crv": "P-256"}, "curve P-256 is not supported"),
    "BCP-7_okp_curve_a_list": ("Ed25519", {"crv": ["Ed25519"]}, "crv is not a string"),
    "BCP-7_okp_with_a_sign_octet": ("Ed25519", {"x": "AA" + ED["x"]}, "x is not"),
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


NAMES = (
    "use",
    "alg",
    "key_ops",
    "kid",
    "oth",
    "d",
    "p",
    "q",
    "dp",
    "dq",
    "qi",
    "k",
    "priv",
    "x5c",
    "x5t",
    "crv",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("absent", [None, "", []], ids=["null", "empty", "list"])
def test_a_member_that_is_null_or_empty_is_absent(name: str, absent: object) -> None:
    """Serialisers write all that a key could have: nothing private is in ``d: null``."""
    for jwk in (RSA, {**RSA, "alg": "RS256", "use": "sig"}):
        plain, written = parse_jwk({**jwk, name: None}), parse_jwk({**jwk, name: absent})
        assert isinstance(plain, VerificationKey)
        assert isinstance(written, VerificationKey)
        assert (written.kid, written.algorithms) == (None, plain.algorithms)
        assert name not in written.jwk


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("padding", ["", "=", "=="])
def test_keys_are_read_in_any_base64(kind: str, padding: str) -> None:
    """With padding, and in the standard alphabet; what is handed on is written as it should be."""
    jwk = KEYS[kind]
    written = {
        name: str(value).replace("-", "+").replace("_", "/") + padding
        for name, value in jwk.items()
        if name in ("n", "e", "x", "y")
    }
    read, plain = parse_jwk({**jwk, **written}), parse_jwk(jwk)
    assert isinstance(read, VerificationKey)
    assert isinstance(plain, VerificationKey)
    assert read.jwk == plain.jwk == jwk


@pytest.mark.parametrize("crv", CURVES)
def test_coordinates_may_lack_zeros_or_have_one_for_the_sign(crv: str) -> None:
    """As big-number libraries write them; a point whose x and y begin with zeros is found by trying."""
    numbers = next(
        found
        for secret in count(1)
        if (found := ec.derive_private_key(secret, CURVES[crv]).public_key().public_numbers()).x.bit_length()
        <= (size := (CURVES[crv].key_size + 7) // 8) * 8 - 8
    )
    size = (CURVES[crv].key_size + 7) // 8
    full = {name: getattr(numbers, name).to_bytes(size, "big") for name in ("x", "y")}
    good = {"kty": "EC", "crv": crv, **{name: encode_base64url(octets) for name, octets in full.items()}}
    for written in (
        {name: octets.lstrip(b"\0") for name, octets in full.items()},
        {name: b"\0" + octets for name, octets in full.items()},
    ):
        key = parse_jwk({**good, **{name: encode_base64url(octets) for name, octets in written.items()}})
        assert isinstance(key, VerificationKey)
        assert key.jwk == good


def test_jose_6_a_key_for_svids_is_one_for_signatures() -> None:
    """SPIFFE's bundles name it so; those beside it for certificates are not (JWT-SVID, section 4)."""
    assert isinstance(parse_jwk({**EC, "use": "jwt-svid"}), VerificationKey)
    assert isinstance(parse_jwk({**EC, "use": "x509-svid"}), RefusedKey)


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
