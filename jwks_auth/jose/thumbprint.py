"""The thumbprint of a public key (RFC 7638, RFC 8037 section 2, RFC 9964 section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from json.encoder import encode_basestring_ascii
from typing import Any

from jwks_auth.jose.base64url import encode_base64url

__all__ = ["MEMBERS", "thumbprint"]

MEMBERS: Mapping[Any, tuple[str, ...]] = {
    "RSA": ("e", "kty", "n"),
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
    "AKP": ("alg", "kty", "pub"),
}
"""The members that make a key of each type, in the order of the alphabet."""


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a key as *jwk* spells it; raise ``ValueError`` for what is no public key.

    It costs little, for any key: whether the numbers are those of a key is not looked at.
    """
    kty = jwk.get("kty")
    names = MEMBERS.get(kty, ()) if isinstance(kty, str) else ()
    members = []
    for name in names:
        value = jwk.get(name)
        if not isinstance(value, str) or not value.isascii():
            raise ValueError("not a public key")
        members.append(f'"{name}":{encode_basestring_ascii(value)}')
    if not members:
        raise ValueError("not a public key")
    return encode_base64url(sha256(f"{{{','.join(members)}}}".encode()).digest())
