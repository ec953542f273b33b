"""Logout tokens of an identity provider that a test owns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

__all__ = ["EVENT", "LogoutTokens"]

EVENT = "http://schemas.openid.net/event/backchannel-logout"


class LogoutTokens(ABC):
    """Makes logout tokens with :meth:`token`, which is the issuer's."""

    @abstractmethod
    def token(self, **claims: Any) -> str:
        """Return a signed token."""

    def logout_token(self, client: str, **claims: Any) -> str:
        """A signed logout token for *client* (OpenID Connect Back-Channel Logout 1.0 section 2.4).

        Arguments are those of :meth:`token`. It ends all sessions of ``sub``, or the session *sid* where that is given.
        """
        header = {"typ": "logout+jwt", **(claims.get("header") or {})}
        filled: dict[str, Any] = {"aud": client, "client_id": None, "expires_in": 120, "events": {EVENT: {}}}
        return self.token(**{**filled, **claims, "header": header})

    def logout(self, client: str, **claims: Any) -> bytes:
        """Return the form that a provider posts, with a token as :meth:`logout_token` makes it."""
        return b"logout_token=" + self.logout_token(client, **claims).encode()
