"""PEM texts as JSON Web Keys, so that one key policy judges both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from jwks_auth.jose.base64url import encode_base64url
from jwks_auth.jose.ml_dsa import name_of

__all__ = ["is_pem", "is_pem_mapping", "jwk_from_pem"]

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_UNREADABLE = (ValueError, TypeError, jwt.InvalidKeyError, UnsupportedAlgorithm, x509.InvalidVersion)


def is_pem(text: object) -> bool:
    """Return whether *text* looks like PEM, before its content is read."""
    return b"-----BEGIN " in _octets(text)


def is_pem_mapping(document: object) -> bool:
    """Return whether *document* maps kids to PEM, as Google publishes keys, and is no key set of RFC 7517."""
    if not isinstance(document, Mapping) or isinstance(document.get("keys"), list):
        return False
    return any(map(is_pem, document.values()))


def jwk_from_pem(pem: object, *, kid: object = None, alg: str | None = None) -> dict[str, Any]:
    """Return the public key or certificate in *pem* as a JWK; raise ``ValueError`` for anything else.

    Only a certificate's key is used. Its dates, names and issuer are not checked: that is the publisher's task.
    """
    data = _octets(pem).replace(
        b"\\n", b"\n"
    )  # line ends in some environment variables; PEM has no backslash
    labels = _BEGIN.findall(data)
    if any(label.endswith(b"PRIVATE KEY") for label in labels):
        raise ValueError("found a private key; expected the public one (openssl pkey -pubout)")
    if not labels:
        raise ValueError("expected a public key or a certificate in PEM, its text and not its path")
    if len(labels) > 1:
        raise ValueError(
            f"found {len(labels)} PEM blocks, expected one public key or a certificate: of a chain its first; "
            "for several keys a mapping of kids to PEM"
        )
    try:
        jwk = _as_jwk(_public_key(data, labels[0]))
    except _UNREADABLE as exc:
        raise ValueError(f"expected a public key or a certificate, found {labels[0].decode()}") from exc
    return jwk | ({} if kid is None else {"kid": kid}) | ({} if alg is None else {"alg": alg})


def _octets(text: object) -> bytes:
    if isinstance(text, str):
        return text.encode(errors="replace")
    return text if isinstance(text, bytes) else b""


def _public_key(data: bytes, label: bytes) -> Any:
    if label == b"CERTIFICATE":
        return x509.load_pem_x509_certificate(data).public_key()
    return load_pem_public_key(data)


def _as_jwk(key: Any) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPublicKey):
        return RSAAlgorithm.to_jwk(key, as_dict=True)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return ECAlgorithm.to_jwk(key, as_dict=True)
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return OKPAlgorithm.to_jwk(key, as_dict=True)
    if alg := name_of(key):
        return {"kty": "AKP", "alg": alg, "pub": encode_base64url(key.public_bytes_raw())}
    raise TypeError("key type is not supported")
