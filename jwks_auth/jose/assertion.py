"""Assertions that this service signs with a private key of its own (RFC 7521)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

__all__ = ["check_private_key", "signed_assertion"]

_BY_CURVE = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


def check_private_key(pem: bytes) -> None:
    """Raise ``ValueError`` unless *pem* is a private key that can sign an assertion."""
    _algorithm(_loaded(pem))


def signed_assertion(claims: Mapping[str, Any], pem: bytes) -> str:
    """Return *claims* as a JWT, signed with the private key in *pem*; raise ``ValueError`` for an unusable one."""
    key = _loaded(pem)
    return jwt.encode(dict(claims), key, algorithm=_algorithm(key))


def _loaded(pem: bytes) -> Any:
    try:
        return load_pem_private_key(pem, password=None)
    except Exception:  # noqa: BLE001 - of many kinds, whose messages may quote the key
        raise ValueError("no private key in PEM, without a password") from None


def _algorithm(key: object) -> str:
    if isinstance(key, RSAPrivateKey):
        if key.key_size < 2048:
            raise ValueError("an RSA key of fewer than 2048 bits")
        return "RS256"
    if isinstance(key, Ed25519PrivateKey):
        return "EdDSA"
    name = key.curve.name if isinstance(key, EllipticCurvePrivateKey) else ""
    if name not in _BY_CURVE:
        raise ValueError("a private key of a kind that signs no assertion")
    return _BY_CURVE[name]
