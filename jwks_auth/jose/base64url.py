"""base64url as JOSE means it (RFC 7515 section 2): no padding, white space or spare bits."""

from __future__ import annotations

import binascii

__all__ = ["decode_any_base64", "decode_base64url", "encode_base64url"]

# By hand: base64.urlsafe_b64decode accepts what RFC 7515 forbids (padding, spare bits, foreign characters), and costs
# twice as much with checks around it.
# Everything outside the alphabet becomes "=", which a2b_base64 skips: the output is then too short.
_TO_STANDARD = bytes(
    {ord("-"): ord("+"), ord("_"): ord("/")}.get(octet, octet)
    if chr(octet).isascii() and (chr(octet).isalnum() or chr(octet) in "-_")
    else ord("=")
    for octet in range(256)
)
_TO_URL = bytes.maketrans(b"+/", b"-_")
# The last character of a group of two or three carries four or two bits that must be zero.
_LAST_OF_TWO = frozenset(b"AQgw")
_LAST_OF_THREE = frozenset(b"AEIMQUYcgkosw048")


def decode_base64url(segment: bytes) -> bytes:
    """Return the octets of *segment*; raise ``ValueError`` unless it is their one right spelling."""
    left_over = len(segment) & 3
    if left_over:
        last = segment[-1]
        if left_over == 1 or last not in (_LAST_OF_TWO if left_over == 2 else _LAST_OF_THREE):
            raise ValueError("not base64url: impossible length or spare bits")
    octets = binascii.a2b_base64(segment.translate(_TO_STANDARD) + b"==")
    if len(octets) != len(segment) * 3 >> 2:
        raise ValueError("not base64url: a character outside the alphabet")
    return octets


def decode_any_base64(text: bytes) -> bytes:
    """Decode a key's member: as :func:`decode_base64url`, but also with ``+``, ``/`` and padding.

    A token may have no second spelling, because its spelling is signed. A key's is not.
    """
    return decode_base64url(text.rstrip(b"=").translate(_TO_URL))


def encode_base64url(octets: bytes) -> str:
    """Return *octets* as base64url without padding."""
    standard = binascii.b2a_base64(octets, newline=False)
    return standard.translate(_TO_URL).rstrip(b"=").decode("ascii")
