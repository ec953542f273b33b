"""Cheap looks at a payload that nobody has verified.

Reading one in full may cost as much as twenty signatures, and anybody can send one. So what is read before the
signature is bounded, and what such a look finds only says which keys to try: all rules are applied afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from jwks_auth.jose.base64url import decode_base64url
from jwks_auth.jose.strict_json import TooCostly, parse_json_object

__all__ = ["brief_claims", "issuer_in_sight", "issuers_in_sight"]

_BRIEF = 4096  # characters of base64url; most providers' tokens are shorter
_PREFIX = 1024  # a multiple of four, as all that is decoded alone
_WINDOW = 768
_MOST_FOUND = 4
_NO_MARKS = bytes(set(range(256)) - set(b"{[,"))
_MOST_MARKS = 128
_MEMBER = re.compile(rb'"iss"[ \t\r\n]*+:[ \t\r\n]*+("[^"\\]*+(?:\\.[^"\\]*+)*+")')  # nothing is tried twice
# The characters of base64url that '"iss"' before a colon or space always has, by its place among three octets, with
# the first one's place among four. To decode 16 KiB takes twice as long as to verify a signature.
_ENCODED = ((b"ImlzcyI", 0), (b"Jpc3Mi", 2), (b"iaXNzI", 3))


def brief_claims(segment: bytes) -> dict[str, Any] | None:
    """Return the claims in a payload; ``None`` where that takes long. Raises ``ValueError`` for what is no payload."""
    if len(segment) > _BRIEF:
        return None
    octets = decode_base64url(segment)
    if len(octets) > _MOST_MARKS and len(octets.translate(None, _NO_MARKS)) > _MOST_MARKS:
        return None
    try:
        return parse_json_object(octets, brief=True)
    except TooCostly:
        return None


def issuer_in_sight(segment: bytes) -> str | None:
    """Return the ``iss`` that a payload's outer object seems to name at its beginning, if any."""
    octets = _decoded(segment[:_PREFIX])
    for member in islice(_MEMBER.finditer(octets), _MOST_FOUND):
        before = member.start()
        # Of the outer object itself, as far as counting shows: an actor and others have an issuer, too.
        if octets.count(b"{", 0, before) - octets.count(b"}", 0, before) == 1:
            return _text(member)
    return None


def issuers_in_sight(segment: bytes) -> set[str]:
    """Return what a payload names ``iss`` anywhere, if that is not too often."""
    found = {_issuer_at(segment, place) for place in islice(_places(segment), _MOST_FOUND)}
    return {issuer for issuer in found if issuer is not None}


def _places(segment: bytes) -> Iterator[int]:
    for encoded, among_four in _ENCODED:
        place = segment.find(encoded)
        while place >= 0:
            if place & 3 == among_four:
                yield place - among_four
            place = segment.find(encoded, place + 1)


def _issuer_at(segment: bytes, place: int) -> str | None:
    member = _MEMBER.search(_decoded(segment[place : place + _WINDOW]))
    return None if member is None else _text(member)


def _decoded(segment: bytes) -> bytes:
    try:
        return decode_base64url(segment)
    except ValueError:
        return b""


def _text(member: re.Match[bytes]) -> str | None:
    try:
        issuer: str = json.loads(member[1])
        issuer.encode()  # half of a surrogate pair is in no name
    except ValueError:
        return None
    return issuer
