"""``JWKSTokenVerifier``, for what takes a token verifier: FastMCP's ``RemoteAuthProvider``, the SDK's ``MCPServer``."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from jwks_auth import ConfigurationError, Refused
from jwks_auth.adapters import Authenticator, RawToken
from jwks_auth_fastapi.mcp_user import access_token
from jwks_auth_fastapi.request_auth import AnySettings, authenticator_of

if TYPE_CHECKING:
    from fastmcp.server.auth import TokenVerifier
else:  # the SDK alone asks for verify_token() and nothing else
    _found = find_spec("fastmcp")
    TokenVerifier = object if _found is None else import_module("fastmcp.server.auth").TokenVerifier

__all__ = ["JWKSTokenVerifier"]


class JWKSTokenVerifier(TokenVerifier):
    """Verifies tokens where only a token verifier fits; *auth* is as in ``MCPMiddleware``, which answers better.

    The interface knows ``None`` alone: a bad token, one without the right audience, and an outage of the issuer are all
    answered with 401. *options* are those of FastMCP's ``TokenVerifier``, such as ``required_scopes``.
    """

    def __init__(self, auth: AnySettings | Any, **options: Any) -> None:
        super().__init__(**options)
        self.authenticator: Authenticator = getattr(auth, "authenticator", None) or authenticator_of(auth)
        try:
            self._resource: str | None = self.authenticator.metadata().resource
        except ConfigurationError:  # the framework may serve the metadata itself
            self._resource = None

    async def verify_token(self, token: str) -> Any:
        """Return the token as the SDK knows it, or ``None``."""
        raw = RawToken.of(token)
        del token  # no local may hold it while callbacks run
        try:
            verified = await self.authenticator.averify(raw)
        except Refused:
            return None
        return access_token(verified, self._resource)
