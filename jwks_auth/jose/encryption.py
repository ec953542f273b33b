"""Octets that only the holder of a text can read: AES-256-GCM under a key that is derived from the text."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import Any

__all__ = ["decrypted_with", "encrypted_with"]

_NONCE = 12
_KEY_OF = b"jwks-auth: the key that this text is\0"


def encrypted_with(text: str, plain: bytes, name: str) -> bytes:
    """Return *plain* so that it can be read with *text* alone, and under *name* alone."""
    nonce = os.urandom(_NONCE)
    hidden: bytes = _cipher(text).encrypt(nonce, plain, name.encode())
    return nonce + hidden


def decrypted_with(text: str, kept: bytes, name: str) -> bytes:
    """Return what :func:`encrypted_with` was given; raise ``ValueError`` for anything else."""
    from cryptography.exceptions import InvalidTag

    try:
        plain: bytes = _cipher(text).decrypt(kept[:_NONCE], kept[_NONCE:], name.encode())
        return plain
    except (InvalidTag, ValueError):
        raise ValueError("it was encrypted with another text, or not at all") from None


def _cipher(text: str) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # which few services need

    return AESGCM(sha256(_KEY_OF + text.encode(errors="surrogatepass")).digest())
