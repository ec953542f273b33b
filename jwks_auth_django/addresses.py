"""E-mail addresses as names of accounts: whose they are, and when two are the same."""

from __future__ import annotations

import string
from typing import Any

from jwks_auth import VerifiedToken

__all__ = ["is_same_address", "verified_email"]

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def verified_email(token: VerifiedToken) -> str | None:
    """The address that the issuer calls verified, in so many words."""
    email = token.get("email")
    if token.get("email_verified") is not True or not isinstance(email, str) or "\0" in email:
        return None
    return email or None


def is_same_address(one: Any, other: Any) -> bool:
    """Return whether they are the same octets, once the ASCII letters of both are lowered.

    No other folding, and no normalisation: addresses of different people may be the same to databases and Unicode.
    """
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    return one.translate(_LOWER) == other.translate(_LOWER)
