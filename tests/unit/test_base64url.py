"""base64url in its one spelling (JOSE-4)."""

from __future__ import annotations

import base64
import os

import pytest

from jwks_auth.jose.base64url import decode_base64url, encode_base64url


@pytest.mark.parametrize("size", range(70))
def test_jose_4_what_is_encoded_is_decoded(size: int) -> None:
    """Every length, as the standard library writes it without padding."""
    octets = os.urandom(size)
    encoded = encode_base64url(octets)
    assert encoded == base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
    assert decode_base64url(encoded.encode()) == octets


@pytest.mark.parametrize(
    "segment",
    [b"A", b"AAAAA", b"AA==", b"AA=", b"AAA=", b"AAAA====", b"=", b"AA AA", b"AAAA\n", b"A+AA", b"A/AA", b"AA.A",
     b"AAAA\x00", b"\xc3\xa9AA", b"AB", b"AAB", b"__", b"A\x00AA", b"AA=A", b"!!!!"],
)  # fmt: skip
def test_jose_4_any_other_spelling_is_refused(segment: bytes) -> None:
    """Padding, white space, foreign characters, impossible lengths and spare bits."""
    with pytest.raises(ValueError, match="base64url"):
        decode_base64url(segment)
