"""A JWK's purpose, as ``use``, ``key_ops``, ``alg`` and the curve state it (RFC 7517 sections 4.2 to 4.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jwks_auth.challenge import brief

__all__ = ["AnotherUse", "check_purpose"]

_SIGNING_USES = ("sig", "jwt-svid")  # the latter in SPIFFE's bundles (JWT-SVID, section 4)
_AGREEMENT_CURVES = ("X25519", "X448")
# RFC 7518 sections 4 and 5, RFC 8037, and those drafted for HPKE
_FOR_ENCRYPTION = re.compile(
    r"RSA1_5|RSA-OAEP.*|ECDH-.*|A\d+(GCM)?KW|A\d+(GCM|CBC-HS\d+)|dir|PBES2-.*|HPKE.*", re.DOTALL
)


class AnotherUse(ValueError):
    """The key has no known fault, but is not for verifying signatures."""


def check_purpose(member: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` for a key that is not for signatures: :class:`AnotherUse` if the key itself says so."""
    use, alg = member.get("use"), member.get("alg")
    if use == "enc":
        raise AnotherUse("use is enc: a key for encryption")
    if use is not None and use not in _SIGNING_USES:
        raise AnotherUse(f"use is {brief(use)}, not sig")
    if isinstance(alg, str) and _FOR_ENCRYPTION.fullmatch(alg):
        raise AnotherUse(f"alg is {brief(alg)}: a key for encryption")
    if member.get("kty") == "OKP" and member.get("crv") in _AGREEMENT_CURVES:
        raise AnotherUse(f"crv is {member['crv']}: a key for encryption")
    if "key_ops" in member:
        _check_operations(member["key_ops"])


def _check_operations(operations: object) -> None:
    if not isinstance(operations, list):
        raise ValueError("key_ops is not a list")
    if "verify" not in operations:
        raise AnotherUse("key_ops does not hold verify")
    if any(operation not in ("verify", "sign") for operation in operations):
        raise ValueError("key_ops mixes verify with other purposes")
