"""The thumbprint of a public key (RFC 7638, RFC 8037 section 2, RFC 9964 section 6)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from jwks_auth.jose.base64url import encode_base64url

__all__ = ["thumbprint"]

_MEMBERS = {
    "RSA": ("e", "kty", "n"),
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
    "AKP": ("alg", "kty", "pub"),
}


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a key as *jwk* spells it; raise ``ValueError`` for what is no public key.

    It costs little, for any key: whether the numbers are those of a key is not looked at.
    """
    kty = jwk.get("kty")
    names = _MEMBERS.get(kty) if isinstance(kty, str) else None
    members = {name: jwk.get(name) for name in names or ()}
    if not members or not all(isinstance(value, str) and value.isascii() for value in members.values()):
        raise ValueError("not a public key")
    return encode_base64url(sha256(json.dumps(members, separators=(",", ":")).encode()).digest())
