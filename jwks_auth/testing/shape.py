"""``Shape``: the tokens that a service expects of a fake issuer, and the place where it looks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Shape"]


class Shape:
    """The service's expectations. Tests set them by ``settings()``, and ``trust_fake_issuer`` by the service's own."""

    def __init__(self) -> None:
        self.audience = "api"
        """The audience of tokens."""
        self.audiences: dict[str, str] = {}
        """The audience of tokens by ``iss``, where a service trusts several issuers."""
        self.scopes_in: Callable[[dict[str, Any], list[str]], None] = _as_scope
        """A function that puts scopes into claims, where the service reads them."""
        self.header_for: Callable[[str], tuple[str, str]] = _bearer
        """A function that returns the header by which clients send a token, name and value."""


def _as_scope(claims: dict[str, Any], scopes: list[str]) -> None:
    claims["scope"] = " ".join(scopes)


def _bearer(token: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {token}"
