"""The allow-list, and what each algorithm's check takes for a signature."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from jwks_auth import ConfigurationError
from jwks_auth.jose.algorithms import (
    DEFAULT_ALGORITHMS,
    OPT_IN_ALGORITHMS,
    SignatureCheck,
    algorithms_for,
    checked_algorithms,
)
from jwks_auth.jose.ml_dsa import ML_DSA

DATA = b"signing input"
RSA_KEY = rsa.generate_private_key(65537, 2048)
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES: dict[str, tuple[ec.EllipticCurve, str]] = {
    "ES256": (ec.SECP256R1(), "P-256"),
    "ES384": (ec.SECP384R1(), "P-384"),
    "ES512": (ec.SECP521R1(), "P-521"),
    "ES256K": (ec.SECP256K1(), "secp256k1"),
}


def test_9068_6_rs256_is_a_default() -> None:
    """As are the other asymmetric algorithms, but for those that have to be named."""
    assert (
        *(
            "RS256",
            "RS384",
            "RS512",
            "PS256",
            "PS384",
            "PS512",
            "ES256",
            "ES384",
            "ES512",
            "EdDSA",
            "Ed25519",
        ),
    ) == DEFAULT_ALGORITHMS
    assert ("ES256K", "Ed448", *ML_DSA) == OPT_IN_ALGORITHMS


@pytest.mark.parametrize(
    "names", [["none"], ["HS256"], ["RS256", "HS512"], ["rs256"], ["RS256 "], [], [None], ""]
)
def test_bcp_1_an_allow_list_holds_supported_names_only(names: list[str]) -> None:
    """``none``, shared secrets, other spellings and an empty list are mistakes of configuration."""
    with pytest.raises(ConfigurationError, match="algorithms: found"):
        checked_algorithms(names)


def test_an_allow_list_may_be_one_name() -> None:
    """A single string is not taken for a list of letters."""
    assert checked_algorithms("RS256") == {"RS256"}
    assert checked_algorithms(OPT_IN_ALGORITHMS) == {"ES256K", "Ed448", *ML_DSA}


@pytest.mark.parametrize("bits", ["256", "384", "512"])
def test_jose_9_rsa_signatures(bits: str) -> None:
    """PKCS #1 v1.5 and PSS with the salt as long as the hash; neither takes the other's."""
    public, digest = RSA_KEY.public_key(), HASHES[bits]
    pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
    good = {
        f"RS{bits}": RSA_KEY.sign(DATA, padding.PKCS1v15(), digest),
        f"PS{bits}": RSA_KEY.sign(DATA, pss, digest),
    }
    checks = {name: algorithm.bind(public) for name, algorithm in algorithms_for("RSA", None).items()}
    for name, signature in good.items():
        assert [other for other, check in checks.items() if check(signature, DATA)] == [name]
        assert_strict(checks[name], signature)


@pytest.mark.parametrize("name", CURVES)
def test_jose_9_ecdsa_signatures(name: str) -> None:
    """R and S in full size; many signatures, so that short and long DER integers all occur."""
    curve, crv = CURVES[name]
    key, size = ec.generate_private_key(curve), (curve.key_size + 7) // 8
    digest = HASHES[name[2:5]]
    check = algorithms_for("EC", crv)[name].bind(key.public_key())
    for _ in range(40):
        r, s = decode_dss_signature(key.sign(DATA, ec.ECDSA(digest)))
        assert check(r.to_bytes(size, "big") + s.to_bytes(size, "big"), DATA)
    assert_strict(check, r.to_bytes(size, "big") + s.to_bytes(size, "big"))
    for zero in (
        bytes(2 * size),
        bytes(size) + s.to_bytes(size, "big"),
        r.to_bytes(size, "big") + bytes(size),
    ):
        assert not check(zero, DATA)


@pytest.mark.parametrize("name", ["EdDSA", "Ed25519"])
def test_jose_9_ed25519_signatures_under_both_names(name: str) -> None:
    """RFC 8037's name and RFC 9864's."""
    key = ed25519.Ed25519PrivateKey.generate()
    assert_strict(algorithms_for("OKP", "Ed25519")[name].bind(key.public_key()), key.sign(DATA))


def test_ed448_has_its_own_name_only() -> None:
    """``EdDSA``, a default, never stands for the curve that has to be opted in to."""
    key = ed448.Ed448PrivateKey.generate()
    found = algorithms_for("OKP", "Ed448")
    assert list(found) == ["Ed448"]
    assert_strict(found["Ed448"].bind(key.public_key()), key.sign(DATA))


def assert_strict(check: SignatureCheck, signature: bytes) -> None:
    """The signature verifies this data, in this length, and nothing else."""
    assert check(signature, DATA)
    assert not check(signature, DATA + b"x")
    for wrong in (b"", signature[:-1], signature + b"\0", b"\0" + signature, signature[::-1]):
        assert not check(wrong, DATA)
