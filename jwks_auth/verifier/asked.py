"""The types of the service's own functions that judge a verified token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from jwks_auth.claims import VerifiedToken

__all__ = ["IsRevoked", "Validator"]

Validator = Callable[[VerifiedToken, float], None]
"""Raises an ``AuthError`` to refuse the token at this time."""

IsRevoked = Callable[[VerifiedToken], bool | Awaitable[bool]]
