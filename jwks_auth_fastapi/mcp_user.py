"""A token as MCP's SDK knows it: ``get_access_token()`` returns one inside tools."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.types import ASGIApp, Receive, Scope, Send

from jwks_auth import VerifiedToken

__all__ = ["SignedIn", "access_token"]


class _AccessToken(AccessToken):
    """The SDK's own, whose ``repr`` shows neither the token nor its claims."""

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return [("client_id", self.client_id), ("subject", self.subject), ("scopes", self.scopes)]


def access_token(token: VerifiedToken, resource: str | None = None) -> AccessToken:
    """Return *token* for the SDK, with its subject and claims; of several audiences, *resource* if it is one."""
    audience = token.audience
    return _AccessToken.model_construct(  # every part was verified; pydantic's errors would show the token
        token=token.raw or "",
        client_id=token.client_id or "",
        scopes=sorted(token.scopes),
        expires_at=None if token.expires_at is None else int(token.expires_at),
        resource=resource if resource in audience else next(iter(audience), None),
        subject=token.subject,
        claims=dict(token.payload),
    )


class SignedIn:
    """An application, called on behalf of *user*."""

    def __init__(self, app: ASGIApp, user: AuthenticatedUser) -> None:
        self.app = app
        self.user = user

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call it, with the user in the connection and in the SDK's context."""
        scope["user"] = self.user
        running = self.app(scope, receive, send)
        del scope  # it holds the header, which no local may hold while tools run
        before = auth_context_var.set(self.user)
        try:
            await running
        finally:
            auth_context_var.reset(before)
