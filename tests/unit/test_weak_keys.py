"""Which Ed25519 and Ed448 keys are sound (BCP-7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519
from jwt.algorithms import OKPAlgorithm

from jwks_auth.jose.base64url import encode_base64url
from jwks_auth.jose.jwk import RefusedKey, VerificationKey, parse_jwk
from jwks_auth.jose.weak_keys import ED448, ED25519

CURVES = {"Ed25519": ED25519, "Ed448": ED448}


def jwk(crv: str) -> dict[str, Any]:
    """A new public key."""
    keys = {"Ed25519": ed25519.Ed25519PrivateKey, "Ed448": ed448.Ed448PrivateKey}
    return OKPAlgorithm.to_jwk(keys[crv].generate().public_key(), as_dict=True)


def unsound() -> Iterator[Any]:
    """Every spelling of every point of small order, points that are spelled wrongly, and what is no point."""
    for crv, curve in CURVES.items():
        sign = 1 << 8 * curve.size - 1
        for y in (*curve.small, *(curve.prime + y for y in (0, 1))):
            for spelled in (y, y | sign):
                yield pytest.param(crv, spelled, id=f"{crv}_small_{spelled % 2**16:x}_{spelled >= sign}")
        off = next(y for y in range(2, 99) if not curve.is_sound(y.to_bytes(curve.size, "little")))
        yield pytest.param(crv, off, id=f"{crv}_off_the_curve")
        yield pytest.param(crv, sign - 1, id=f"{crv}_all_ones")
    # Of order 8, as libsodium's list of points of small order has it, and not from the constant under test.
    order_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
    yield pytest.param("Ed25519", int.from_bytes(order_8, "little"), id="Ed25519_order_8")
    yield pytest.param("Ed448", 5 << 448 | 3, id="Ed448_spare_bits")


@pytest.mark.parametrize(("crv", "spelled"), list(unsound()))
def test_bcp_7_unsound_edwards_keys_are_refused(crv: str, spelled: int) -> None:
    """OpenSSL loads every one of them, and takes signatures that anybody can make under some."""
    x = spelled.to_bytes(CURVES[crv].size, "little")
    refused = parse_jwk({**jwk(crv), "x": encode_base64url(x)})
    assert refused == RefusedKey(None, "x is no point of the curve, or one of small order")


def test_bcp_7_nothing_but_zeros_would_sign_anything_on_ed448() -> None:
    """Why such keys are refused: the bare check takes this signature for any data."""
    bare = ed448.Ed448PublicKey.from_public_bytes(bytes(57))
    bare.verify(bytes(114), b"any data")
    assert isinstance(parse_jwk({**jwk("Ed448"), "x": encode_base64url(bytes(57))}), RefusedKey)


@pytest.mark.parametrize("crv", CURVES)
def test_sound_edwards_keys_are_used(crv: str) -> None:
    """No false alarm, over many keys."""
    assert all(isinstance(parse_jwk(jwk(crv)), VerificationKey) for _ in range(50))
