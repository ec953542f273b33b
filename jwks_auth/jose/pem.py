"""PEM files as JSON Web Keys, so that one key policy judges both."""

from __future__ import annotations

from typing import Any

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from jwks_auth.errors import ConfigurationError

__all__ = ["jwk_from_pem"]


def jwk_from_pem(pem: str | bytes, *, kid: str | None, alg: str | None) -> dict[str, Any]:
    """The public key or certificate in *pem* as a JWK; raises ``ConfigurationError`` for anything else."""
    data = pem.encode(errors="replace") if isinstance(pem, str) else pem
    if b"PRIVATE KEY-----" in data:
        raise ConfigurationError("PEM: found a private key; expected the public one (openssl pkey -pubout)")
    try:
        if b"-----BEGIN CERTIFICATE-----" in data:
            key: Any = x509.load_pem_x509_certificate(data).public_key()
        else:
            key = load_pem_public_key(data)
        jwk = _as_jwk(key)
    except (ValueError, jwt.InvalidKeyError, TypeError, UnsupportedAlgorithm) as exc:
        raise ConfigurationError("PEM: expected a public key or a certificate") from exc
    return jwk | ({} if kid is None else {"kid": kid}) | ({} if alg is None else {"alg": alg})


def _as_jwk(key: Any) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPublicKey):
        return RSAAlgorithm.to_jwk(key, as_dict=True)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return ECAlgorithm.to_jwk(key, as_dict=True)
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return OKPAlgorithm.to_jwk(key, as_dict=True)
    raise TypeError("key type is not supported")
