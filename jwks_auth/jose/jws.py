"""The compact form of a signed token (RFC 7515). Only its one right spelling is read.

Keys and key URLs in a header (``jwk``, ``jku``, ``x5u``, ``x5c``) are never used.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from jwks_auth.errors import InvalidTokenError, MalformedTokenError
from jwks_auth.jose.algorithms import DEFAULT_ALGORITHMS, checked_algorithms
from jwks_auth.jose.base64url import decode_base64url
from jwks_auth.jose.key_set import KeySet
from jwks_auth.jose.strict_json import parse_json_object
from jwks_auth.jose.unverified import Header, UnverifiedToken
from jwks_auth.runtime import RawToken

__all__ = [
    "MAX_TOKEN_LENGTH",
    "early_issuer_of",
    "header_members",
    "issuer_of",
    "parse_jws",
    "seems_jose",
    "verify_jws",
]

MAX_TOKEN_LENGTH = 16_384
"""In characters; servers bound the whole header at 8 to 64 KiB."""

_SPIFFE = "spiffe://"
_MEMORABLE = 512  # octets; an issuer has a handful of headers, all of them short
_LONGEST_TYPE = 128  # letters; no token's type is longer, and some letters take long to lower
_NO_MARKS = bytes(set(range(256)) - set(b"{[,"))
_MOST_MARKS = 128  # in names and strings too: certificates and keys in a header have a few


def parse_jws(
    raw: str,
    *,
    lax: bool = False,
    longest: int = MAX_TOKEN_LENGTH,
) -> UnverifiedToken:
    """Return the parts of *raw*; raise ``InvalidTokenError`` unless it has three segments, the first a valid header.

    One of more than *longest* characters is refused.
    A header with ``enc`` belongs to an encrypted token (RFC 7516 section 9) and is refused too; *lax* reads it.
    """
    if not isinstance(raw, str) or not raw.isascii():
        raise MalformedTokenError
    if len(raw) > longest:
        raise MalformedTokenError("too_large")
    first = raw.find(".")
    second = raw.find(".", first + 1) if first > 0 else -1
    if second < 0 or raw.find(".", second + 1) >= 0:  # most junk is refused here, before anything is copied
        raise MalformedTokenError
    data = raw.encode()
    try:
        jose = (_header if first <= _MEMORABLE else _parsed_header)(data[:first])
        signature = decode_base64url(data[second + 1 :])
    except ValueError as exc:
        raise MalformedTokenError from exc
    if jose.encrypted and not lax:
        raise MalformedTokenError
    return UnverifiedToken(jose, first + 1, data[:second], signature)


def seems_jose(raw: str) -> bool:
    """Return whether *raw* has the form of a JWS or a JWE, good or not: segments, and a JSON object in the first."""
    if raw.count(".") < 2:
        return False
    if raw.startswith("eyJ"):
        return True
    head = raw[: raw.find(".")][:_MEMORABLE].encode()
    try:
        octets = urlsafe_b64decode(head + b"=" * (-len(head) % 4))
    except ValueError:
        return False
    return octets.lstrip().startswith(b"{") or octets.isspace()


def issuer_of(claims: Mapping[str, Any]) -> str:
    """Return the issuer that *claims* name. Nothing else of an unverified token selects its keys and rules.

    In a SPIFFE identity ``sub`` names the trust domain, and there is often no ``iss`` (JWT-SVID section 3).
    """
    issuer = claims.get("iss")
    if issuer is None and isinstance(subject := claims.get("sub"), str) and subject.startswith(_SPIFFE):
        return _SPIFFE + subject[len(_SPIFFE) :].partition("/")[0]
    if not isinstance(issuer, str):
        raise InvalidTokenError("missing_claim" if issuer is None else "invalid_claim")
    return issuer


def early_issuer_of(token: UnverifiedToken) -> str:
    """Return the issuer that *token* names, at little cost; its claims are to be judged once it is verified.

    Raises ``InvalidTokenError`` if it names none, or several in a payload that is costly to read.
    """
    claims = token.brief_claims
    if claims is not None:
        return issuer_of(claims)
    issuer = token.issuer_in_sight
    if issuer is None:
        named = token.issuers_in_sight
        if len(named) != 1:
            raise InvalidTokenError("unknown_key")
        [issuer] = named
    return issuer


def verify_jws(raw: str, key_set: KeySet, algorithms: Iterable[str] | None = None) -> bytes:
    """Return the payload of *raw* if a key of *key_set* signed it; raise ``InvalidTokenError`` otherwise.

    Checks the signature alone. For access tokens use :class:`~jwks_auth.TokenVerifier`, which also validates claims.
    """
    sent = RawToken(raw)
    del raw
    allowed = checked_algorithms(DEFAULT_ALGORITHMS if algorithms is None else algorithms)
    token = sent.read(parse_jws)
    if token.alg not in allowed:
        raise InvalidTokenError("algorithm_not_allowed")
    key = key_set.select(token.kid, token.alg)
    if key is None:
        raise InvalidTokenError("unknown_key")
    if not token.is_signed(key.verify):
        raise InvalidTokenError("bad_signature")
    return token.payload


def _parsed_header(segment: bytes) -> Header:
    """Return the header in the first *segment* of a token; raise ``ValueError`` or ``InvalidTokenError``."""
    members = header_members(segment)
    alg, kid, typ = members["alg"], members.get("kid"), members.get("typ")
    return Header(alg, kid, typ, _media_type(typ), "enc" in members, _frozen(members))


def header_members(segment: bytes) -> dict[str, Any]:
    """Return the members of the header in *segment*, of which those that each header may have are checked.

    Raises ``ValueError`` or ``InvalidTokenError``.
    """
    octets = decode_base64url(segment)
    if len(octets.translate(None, _NO_MARKS)) > _MOST_MARKS:  # nothing is verified yet
        raise ValueError("more members than a header has")
    members = parse_json_object(octets, brief=True)
    # No extension is implemented, so every critical header is refused (section 4.1.11). An unencoded payload (b64,
    # RFC 7797) must be marked critical, and is never allowed in a JWT.
    if "crit" in members or members.get("b64", True) is not True:
        raise InvalidTokenError("critical_header")
    if not isinstance(members.get("alg"), str):
        raise ValueError("alg is not a string")
    if not isinstance(members.get("kid", ""), str):
        raise ValueError("kid is not a string")
    if not isinstance(members.get("typ", ""), str):
        raise ValueError("typ is not a string")
    return members


def _frozen(value: Any) -> Any:
    """Return *value* made read-only, because all tokens with the same header share one object."""
    if isinstance(value, dict):
        return MappingProxyType({name: _frozen(member) for name, member in value.items()})
    return tuple(_frozen(member) for member in value) if isinstance(value, list) else value


_header = lru_cache(maxsize=256)(_parsed_header)


def _media_type(typ: str | None) -> str | None:
    if typ is None or len(typ) > _LONGEST_TYPE:
        return typ
    # RFC 8725bis section 3.11: a type without "/" gets "application/" in front. Case does not matter.
    return (typ if "/" in typ else f"application/{typ}").lower()
