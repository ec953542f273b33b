"""Tokens that are bound to a key (RFC 7800): without its proof they are worth nothing."""

from __future__ import annotations

from typing import Any

from jwks_auth.claims.token import VerifiedToken
from jwks_auth.errors import InvalidTokenError

__all__ = ["refuse_bound"]


def refuse_bound(token: VerifiedToken[Any]) -> None:
    """Raise ``InvalidTokenError`` for a token that is bound to a key (RFC 9449, RFC 8705).

    Such a token needs a proof, which comes with the request and can't be checked here.
    """
    if token.confirmation is not None:
        raise InvalidTokenError("bound_token")
