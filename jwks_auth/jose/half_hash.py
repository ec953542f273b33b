"""The hash by which an ID token is bound to what came with it (OpenID Connect Core 3.1.3.6)."""

from __future__ import annotations

import hashlib

from jwks_auth.jose.base64url import encode_base64url

__all__ = ["half_hash"]

_HASHES = {
    "256": "sha256",
    "56K": "sha256",
    "384": "sha384",
    "512": "sha512",
    "DSA": "sha512",
    "519": "sha512",
}
"""The hash of each signature algorithm, by the end of the algorithm's name."""


def half_hash(text: object, alg: str) -> str | None:
    """Return the left half of the hash of *text* that goes with *alg* (3.1.3.6); ``None`` for no text.

    It is empty, and matches nothing, if no standard defines a hash for *alg*.
    """
    if text is None:
        return None
    octets = str(text).encode(errors="surrogatepass")
    if alg == "Ed448":
        digest = hashlib.shake_256(octets).digest(114)
    elif (name := _HASHES.get(alg[-3:])) is not None:
        digest = hashlib.new(name, octets).digest()
    else:
        return ""
    return encode_base64url(digest[: len(digest) // 2])
