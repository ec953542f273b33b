"""Tokens that come without a request: no proof of a key is there, so that a bound one is worth nothing (RFC 7800)."""

from __future__ import annotations

from typing import Any

from jwks_auth.claims.binding import UNBOUND, Binding, bindings
from jwks_auth.claims.token import VerifiedToken
from jwks_auth.errors import InvalidTokenError

__all__ = ["refuse_bound"]


def refuse_bound(token: VerifiedToken[Any], shared: Binding = UNBOUND) -> None:
    """Raise ``InvalidTokenError`` for a token that is bound to a key (RFC 9449, RFC 8705), or would have to be.

    Such a token needs a proof, which comes with the request and can't be checked here. *shared* is the service's own
    binding.
    """
    if token.confirmation is not None:
        raise InvalidTokenError("bound_token")
    own = token.mapping.binding
    if (own is not None or shared is not UNBOUND) and bindings(own, shared).required:
        raise InvalidTokenError("unbound_token")
