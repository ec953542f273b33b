"""``Proofs``: DPoP proofs, read and checked against the key and the request that they are for (RFC 9449 section 4)."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

from jwks_auth.errors import InvalidTokenError
from jwks_auth.jose import (
    PRIVATE_MEMBERS,
    SignatureCheck,
    check_by,
    decode_base64url,
    encode_base64url,
    header_members,
    parse_json_object,
    thumbprint,
)
from jwks_auth.proofs.errors import InvalidProofError
from jwks_auth.runtime import RawToken

__all__ = ["LONGEST", "Facts", "Proofs", "check_claims", "hash_of"]

LONGEST = 8192
"""Characters of a proof; a server takes no longer header either."""

_TYPE = "dpop+jwt"
_LONGEST_ID = 256
_MOST_HEADERS = 1024
_LONGEST_HEADER = 4096
"""Octets of a header, in base64url: room for an RSA key of 16,384 bits, and for no more text than a check may cost."""
_MEMORABLE = 2048
"""Octets of a header that is remembered."""


class _Known(NamedTuple):
    """A header whose key is sound: its algorithm, the key's thumbprint, and its check of signatures."""

    alg: str
    jkt: str
    check: SignatureCheck


class Facts(NamedTuple):
    """A request as a proof has to name it: method, URL in normal form, the token's hash; ``None`` without a token."""

    method: str
    url: str | None
    ath: str | None


class Proofs:
    """Reads proofs. Clients repeat a proof's header, so those of the last clients are remembered."""

    def __init__(self) -> None:
        self._young: dict[bytes, _Known] = {}
        self._old: dict[bytes, _Known] = {}

    def read(self, sent: RawToken, jkt: str, algorithms: Collection[str]) -> dict[str, Any]:
        """Return the claims of the proof *sent*, which the key with the thumbprint *jkt* has signed.

        Before the thumbprint is known to be right nothing is done that costs much. Raises ``InvalidProofError``.
        """
        return sent.read(partial(self._claims, jkt, algorithms))

    def _claims(self, jkt: str, algorithms: Collection[str], proof: str) -> dict[str, Any]:
        if not proof:
            raise InvalidProofError("missing_proof")
        if "," in proof:  # servers of WSGI join two lines
            raise InvalidProofError("multiple_proofs")
        if len(proof) > LONGEST:
            raise InvalidProofError("malformed_proof")
        data = proof.strip(" \t").encode("utf-8", "replace")
        first = data.find(b".")
        second = data.find(b".", first + 1)
        if not 0 < first <= _LONGEST_HEADER or first > second or data.find(b".", second + 1) >= 0:
            raise InvalidProofError("malformed_proof")
        try:
            signature = decode_base64url(data[second + 1 :])
            known = self._known(data[:first], jkt, algorithms)
            if not known.check(signature, data[:second]):
                raise InvalidProofError("proof_signature")
            return parse_json_object(decode_base64url(data[first + 1 : second]))
        except (ValueError, InvalidTokenError):
            raise InvalidProofError("malformed_proof") from None

    def _known(self, segment: bytes, jkt: str, algorithms: Collection[str]) -> _Known:
        known = self._young.get(segment) or self._old.get(segment)
        if known is None:
            known = _judged(segment, jkt, algorithms)
            self._remember(segment, known)
        elif known.alg not in algorithms:
            raise InvalidProofError("proof_algorithm")
        elif known.jkt != jkt:
            raise InvalidProofError("proof_key")
        return known

    def _remember(self, segment: bytes, known: _Known) -> None:
        if len(segment) > _MEMORABLE:
            return
        if len(self._young) >= _MOST_HEADERS:
            self._old, self._young = self._young, {}
        self._young[segment] = known


def _judged(segment: bytes, jkt: str, algorithms: Collection[str]) -> _Known:
    """Return the header in *segment*, if its key is public and sound and has the thumbprint *jkt*."""
    members = header_members(segment)
    alg, typ, jwk = members["alg"], members.get("typ", ""), members.get("jwk")
    if len(typ) != len(_TYPE) or typ.lower() != _TYPE or "enc" in members:
        raise InvalidProofError("malformed_proof")
    if alg not in algorithms:
        raise InvalidProofError("proof_algorithm")
    if not isinstance(jwk, dict) or not PRIVATE_MEMBERS.isdisjoint(jwk) or _thumbprint(jwk) != jkt:
        raise InvalidProofError("proof_key")
    check = check_by(jwk, alg)
    if check is None:
        raise InvalidProofError("proof_key")
    return _Known(alg, jkt, check)


def _thumbprint(jwk: Mapping[str, Any]) -> str | None:
    try:
        return thumbprint(jwk)
    except ValueError:
        return None


def check_claims(
    claims: Mapping[str, Any], facts: Facts, *, url: str | None, now: float, window: tuple[float, float]
) -> str:
    """Return the ``jti`` of a proof for the request that *facts* describe; raise ``InvalidProofError``.

    *url* is the proof's ``htu`` in normal form. *window* is the most seconds back and forward.
    """
    jti = claims.get("jti")
    if not (isinstance(jti, str) and 0 < len(jti) <= _LONGEST_ID):
        raise InvalidProofError("malformed_proof")
    if claims.get("htm") != facts.method:
        raise InvalidProofError("proof_method")
    if url is None or url != facts.url:
        raise InvalidProofError("proof_url")
    at = _time(claims, "iat")
    if at is None:
        raise InvalidProofError("malformed_proof")
    if not now - window[0] <= at <= now + window[1]:
        raise InvalidProofError("proof_time")
    if claims.get("ath") != facts.ath:
        raise InvalidProofError("proof_token")
    if "exp" in claims or "nbf" in claims:
        _check_bounds(claims, now, window[1])
    return jti


def _check_bounds(claims: Mapping[str, Any], now: float, leeway: float) -> None:
    end, start = _time(claims, "exp"), _time(claims, "nbf")
    if (end is not None and now >= end + leeway) or (start is not None and now < start - leeway):
        raise InvalidProofError("proof_time")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if type(value) is int and abs(value) < 1 << 53:
        return float(value)
    if type(value) is not float or not math.isfinite(value):
        raise InvalidProofError("malformed_proof")
    return value


def hash_of(raw: str) -> str:
    """Return ``ath``, the hash of an access token (RFC 9449 section 4.2)."""
    return encode_base64url(sha256(raw.encode()).digest())
