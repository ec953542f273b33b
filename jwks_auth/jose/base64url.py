"""base64url as JOSE means it (RFC 7515 section 2): no padding, white space or spare bits."""

from __future__ import annotations

import binascii

__all__ = ["decode_any_base64", "decode_base64url", "encode_base64url"]

# By hand, as base64.urlsafe_b64decode takes what RFC 7515 forbids (padding, spare bits, foreign characters), and with
# checks around it costs twice as much.
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
    """The octets of *segment*; raises ``ValueError`` unless it is the one right spelling of them."""
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
    """As :func:`decode_base64url`, for keys alone: with ``+`` and ``/`` too, and with or without padding.

    In a token that would be a second spelling of what was signed; a key's spelling is signed by nobody.
    """
    return decode_base64url(text.rstrip(b"=").translate(_TO_URL))


def encode_base64url(octets: bytes) -> str:
    """*octets* as base64url without padding."""
    standard = binascii.b2a_base64(octets, newline=False)
    return standard.translate(_TO_URL).rstrip(b"=").decode("ascii")
