"""ML-DSA: RFC 9964's vectors, and keys and signatures that are nearly right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import ConfigurationError, InvalidTokenError, Issuer, KeySet, TokenVerifier, verify_jws
from jwks_auth.jose import RefusedKey, VerificationKey, parse_jwk
from jwks_auth.jose.base64url import encode_base64url
from jwks_auth.jose.ml_dsa import ML_DSA, ML_DSA_PRIVATE, key_types, name_of
from jwks_auth.testing import FakeIssuer
from jwks_auth.testing.keys import SigningKey
from tests.attacks import forge

VECTORS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "rfc9964.json").read_text()
)
supported = pytest.mark.skipif(not ML_DSA, reason="cryptography before 47 has no ML-DSA")
LENGTHS = {"ML-DSA-44": 3227, "ML-DSA-65": 4412, "ML-DSA-87": 6170}
"""Characters of a signature in a token, as docs/how-to/verification.md tells."""


def public(alg: str) -> dict[str, Any]:
    """The vector's key without its private half."""
    return {name: value for name, value in VECTORS[alg]["jwk"].items() if name != "priv"}


@supported
@pytest.mark.parametrize("alg", VECTORS)
def test_the_rfcs_vectors_verify(alg: str) -> None:
    """Where the algorithm is named, with this key and with no other."""
    vector = VECTORS[alg]
    keys = KeySet.from_dict({"keys": [public(alg)]})
    assert verify_jws(vector["jws"], keys, algorithms=[alg]).startswith(
        b"It\xe2\x80\x99s a dangerous business, Frodo"
    )
    others = KeySet.from_dict({"keys": [public(other) for other in VECTORS if other != alg]})
    for given, allowed, code in (
        (keys, None, "algorithm_not_allowed"),
        (others, list(VECTORS), "unknown_key"),
    ):
        with pytest.raises(InvalidTokenError) as caught:
            verify_jws(vector["jws"], given, allowed)
        assert caught.value.code == code
    assert len(vector["jws"].rpartition(".")[2]) == LENGTHS[alg]


@supported
@pytest.mark.parametrize("alg", VECTORS)
def test_the_rfcs_private_keys_are_refused(alg: str) -> None:
    """They make the public ones, and are private."""
    refused = parse_jwk(VECTORS[alg]["jwk"])
    assert isinstance(refused, RefusedKey)
    assert "private" in refused.reason
    key = ML_DSA_PRIVATE[alg].from_seed_bytes(bytes(32)).public_key()
    assert encode_base64url(key.public_bytes_raw()) == public(alg)["pub"]
    assert name_of(key) == alg
    assert name_of(forge.RSA_KEY.public_key()) is None


@supported
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"alg": None}, "alg is missing: it says what a key of type AKP is"),
        ({"alg": 44}, "alg of type int is not supported for type AKP"),
        ({"alg": "RS256"}, "alg RS256 is not supported for type AKP"),
        ({"alg": "ML-DSA-65"}, "pub is not as long as ML-DSA-65 has it"),
        ({"pub": None}, "pub is missing"),
        ({"pub": "AAAA"}, "pub is not as long as ML-DSA-44 has it"),
        ({"pub": 7}, "pub is not a string"),
        ({"priv": 0}, "private"),
        ({"kty": "RSA", "alg": "ML-DSA-44"}, "n is missing"),
        ({"use": "enc"}, "a key for encryption"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_key_that_is_nearly_right_is_refused(fault: dict[str, Any], reason: str) -> None:
    """With the reason; the key without the fault is good."""
    good = parse_jwk(public("ML-DSA-44"))
    assert isinstance(good, VerificationKey)
    assert (good.kty, good.algorithms, good.jwk) == ("AKP", {"ML-DSA-44"}, public("ML-DSA-44"))
    refused = parse_jwk({**public("ML-DSA-44"), **fault})
    assert isinstance(refused, RefusedKey)
    assert reason in refused.reason


@supported
def test_an_rsa_key_that_calls_itself_one_of_ml_dsa_is_refused() -> None:
    """The algorithm belongs to its type."""
    refused = parse_jwk(forge.public_jwk("RS256", forge.RSA_KEY, alg="ML-DSA-44"))
    assert isinstance(refused, RefusedKey)
    assert refused.reason == "alg and key type are at odds: ML-DSA-44 is for AKP ML-DSA-44"


@supported
@pytest.mark.parametrize("alg", VECTORS)
def test_signatures_are_exact(alg: str) -> None:
    """Of any other length, with a bit turned, or over other data: refused, never raised."""
    key = parse_jwk(public(alg))
    assert isinstance(key, VerificationKey)
    private = ML_DSA_PRIVATE[alg].from_seed_bytes(bytes(32))
    good = private.sign(b"data")
    assert key.verify(alg, good, b"data")
    turned = bytes([good[0] ^ 1]) + good[1:]
    with_context = private.sign(b"data", b"context")
    for bad in (b"", good[:-1], good + b"\0", turned, bytes(len(good)), with_context):
        assert not key.verify(alg, bad, b"data")
    assert not key.verify(alg, good, b"datA")


@supported
@pytest.mark.parametrize("alg", VECTORS)
def test_a_fake_issuer_signs_with_them_and_a_verifier_is_told_to_take_them(alg: str) -> None:
    """End to end, from a key set and from PEM."""
    fake = FakeIssuer(algorithms=(alg,))
    raw = fake.token(scope="a")
    for allowed, accepted in (([alg], True), (None, False)):
        verifier = TokenVerifier(Issuer(fake.issuer, jwks=fake.jwks), "api", algorithms=allowed)
        assert (verifier.explain(raw).failed is None) is accepted
    assert 300 < len(raw) - LENGTHS[alg] < 800
    key = SigningKey.generate(alg, kid="k")
    keys = KeySet.from_pem(key.public_pem())
    assert verify_jws(key.sign(b"payload"), keys, algorithms=[alg]) == b"payload"


def test_where_cryptography_lacks_them_there_are_none() -> None:
    """An older version has no such module; the name is then no algorithm at all."""
    assert key_types(None, "Public") == {}
    assert list(ML_DSA) in ([], list(VECTORS))
    with pytest.raises(ConfigurationError, match="ML-DSA-43"):
        TokenVerifier(Issuer("https://id.example/"), "api", algorithms=["ML-DSA-43"])
