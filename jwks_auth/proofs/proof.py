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
    Header,
    RefusedKey,
    UnverifiedToken,
    VerificationKey,
    encode_base64url,
    parse_header,
    parse_jwk,
    parse_jws,
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
_MEMORABLE = 2048
"""Octets of a header that is remembered."""


class _Known(NamedTuple):
    """A header whose key is sound, and the key's thumbprint."""

    jose: Header
    key: VerificationKey
    jkt: str


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
        try:
            proof = sent.read(partial(parse_jws, longest=LONGEST, read=self._header))
        except InvalidTokenError:
            raise InvalidProofError("malformed_proof") from None
        if proof.typ is None or proof.typ.lower() != _TYPE:
            raise InvalidProofError("malformed_proof")
        if proof.alg not in algorithms:
            raise InvalidProofError("proof_algorithm")
        key = self._key(proof, jkt)
        if not proof.is_signed(key.verify):
            raise InvalidProofError("proof_signature")
        try:
            return proof.claims
        except InvalidTokenError:
            raise InvalidProofError("malformed_proof") from None

    def _header(self, segment: bytes) -> Header:
        known = self._known(segment)
        return parse_header(segment) if known is None else known.jose

    def _known(self, segment: bytes) -> _Known | None:
        return self._young.get(segment) or self._old.get(segment)

    def _key(self, proof: UnverifiedToken, jkt: str) -> VerificationKey:
        segment = proof.signing_input[: proof.start - 1]
        known = self._known(segment)
        if known is None:
            known = _judged(proof, jkt)
            self._remember(segment, known)
        if known.jkt != jkt or proof.alg not in known.key.checks:
            raise InvalidProofError("proof_key")
        return known.key

    def _remember(self, segment: bytes, known: _Known) -> None:
        if len(segment) > _MEMORABLE:
            return
        if len(self._young) >= _MOST_HEADERS:
            self._old, self._young = self._young, {}
        self._young[segment] = known


def _judged(proof: UnverifiedToken, jkt: str) -> _Known:
    """Return the key in the header, if it is public and sound and has the thumbprint *jkt*."""
    jwk = proof.header.get("jwk")
    if not isinstance(jwk, Mapping) or not PRIVATE_MEMBERS.isdisjoint(jwk):
        raise InvalidProofError("proof_key")
    try:
        found = thumbprint(jwk)
    except ValueError:
        raise InvalidProofError("proof_key") from None
    if found != jkt:
        raise InvalidProofError("proof_key")
    key = parse_jwk({name: list(value) if isinstance(value, tuple) else value for name, value in jwk.items()})
    if isinstance(key, RefusedKey):
        raise InvalidProofError("proof_key")
    return _Known(proof.jose, key, found)


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
    _check_age(claims, now, *window)
    if claims.get("ath") != facts.ath:
        raise InvalidProofError("proof_token")
    _check_bounds(claims, now, window[1])
    return jti


def _check_age(claims: Mapping[str, Any], now: float, back: float, forward: float) -> None:
    at = _time(claims, "iat")
    if at is None:
        raise InvalidProofError("malformed_proof")
    if not now - back <= at <= now + forward:
        raise InvalidProofError("proof_time")


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
