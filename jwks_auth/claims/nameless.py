"""Tokens without an issuer: only the service's own code accepts one, and some settings need the name."""

from __future__ import annotations

from typing import Any

from jwks_auth.claims.token import VerifiedToken
from jwks_auth.errors import KeySourceError

__all__ = ["needed_issuer"]


def needed_issuer(token: VerifiedToken[Any], purpose: str) -> str:
    """Return the issuer of *token*, which *purpose* needs.

    Raises ``KeySourceError`` without one: the service's own code left it out, so the answer is 503 and the log is told.
    """
    issuer = token.issuer
    if issuer is None:
        raise KeySourceError(
            f"{purpose}: the token names no issuer; return an iss from OTHER_TOKENS or VERIFIER",
            kind="callback",
        )
    return issuer
