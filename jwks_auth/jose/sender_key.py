"""A sender's own key, which came in a header and is used at once (RFC 9449 section 4.2).

It is held to the same rules as a key of a set, at less cost: there are more senders than issuers, and each is new once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm

from jwks_auth.jose.algorithms import SignatureCheck, algorithm_of
from jwks_auth.jose.jwk import RefusedKey, parse_jwk
from jwks_auth.jose.key_material import read_material
from jwks_auth.jose.thumbprint import MEMBERS

__all__ = ["check_by"]


def check_by(jwk: Mapping[str, Any], alg: str) -> SignatureCheck | None:
    """Return the check of signatures of *alg* by the key *jwk*; ``None`` if it is refused, or not for *alg*."""
    kty: Any = jwk.get("kty")
    if kty == "AKP" or len(jwk) != len(MEMBERS.get(kty, "")) or not all(jwk.values()):
        return _by_every_rule(jwk, alg)
    algorithm = algorithm_of(alg, kty, jwk.get("crv"))
    try:
        return None if algorithm is None else algorithm.bind(read_material(jwk, kty, at_once=True)[0])
    except (ValueError, UnsupportedAlgorithm):  # the latter: OpenSSL lacks the curve
        return None


def _by_every_rule(jwk: Mapping[str, Any], alg: str) -> SignatureCheck | None:
    """Judge what else the key says of itself, such as its use, too."""
    key = parse_jwk(dict(jwk))
    return None if isinstance(key, RefusedKey) else key.checks.get(alg)
