"""For MCP servers, of the ``mcp`` SDK or of FastMCP: a guard around the application, with policies for its tools.

``MCPMiddleware(server.streamable_http_app(), settings, tools={"delete_*": Policy(scopes="orders:write")})``
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Unpack

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from jwks_auth import ConfigurationError, Policy, Refused, VerifiedToken
from jwks_auth.adapters import (
    POLICY_VIOLATION,
    Authenticator,
    Requirement,
    Setting,
    TokenRequirementOptions,
    readers,
)
from jwks_auth_fastapi.answers import finishing
from jwks_auth_fastapi.backend import JWTCredentials
from jwks_auth_fastapi.discovery import metadata_response
from jwks_auth_fastapi.errors import rejection_response
from jwks_auth_fastapi.mcp_body import Body, TooLarge
from jwks_auth_fastapi.mcp_calls import BadMessage, tools_called
from jwks_auth_fastapi.mcp_user import SignedIn, access_token
from jwks_auth_fastapi.request_auth import AnySettings, RequestAuth, authenticator_of

if TYPE_CHECKING:
    from jwks_auth_fastapi.mcp_verifier import JWKSTokenVerifier

__all__ = ["JWKSTokenVerifier", "MCPMiddleware"]

_EXEMPT_PATHS = Setting("exempt_paths", readers.paths)
_MAX_BODY = 4 * 1024 * 1024


def __getattr__(name: str) -> Any:
    if name != "JWKSTokenVerifier":  # which imports FastMCP, where it is installed
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from jwks_auth_fastapi.mcp_verifier import JWKSTokenVerifier

    return JWKSTokenVerifier


class MCPMiddleware:
    """Admits only requests with a valid token to an MCP server; *app* is made without an ``auth`` of its own.

    *auth* is a ``JWTBearer``, a backend, an ``Authenticator``, or settings; they have a ``RESOURCE``, whose metadata it
    serves. Further options are what every request needs, as in ``require_jwt``. *tools* maps a tool's name, or a
    pattern such as ``delete_*``, to a policy; a call needs those of all patterns that match. A request whose body is
    longer than *max_body* bytes is answered with 413, if there are such policies. Below *exempt_paths* (prefixes)
    nothing is asked.

    Raises ``ConfigurationError`` for settings without a ``RESOURCE``, and for a requirement that no token can meet.
    """

    def __init__(
        self,
        app: ASGIApp,
        auth: AnySettings | Any,
        *,
        tools: Mapping[str, Policy] | None = None,
        exempt_paths: Iterable[str] = (),
        max_body: int = _MAX_BODY,
        **asked: Unpack[TokenRequirementOptions],
    ) -> None:
        self.app = app
        self.authenticator: Authenticator = getattr(auth, "authenticator", None) or authenticator_of(auth)
        if "optional" in asked:
            raise TypeError("optional is nothing an MCP server can ask: name exempt_paths")
        self._requirement = Requirement.of(**asked)
        self._entry = replace(self._requirement, policy=None)
        self.authenticator.check(self._entry)
        self._resource: str = self.authenticator.metadata().resource
        self._auth = RequestAuth(self.authenticator)
        self._tools = {} if tools is None else _checked_tools(tools)
        self._exempt_paths = _EXEMPT_PATHS.parsed(exempt_paths, "{}")
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or call the application on behalf of the token's owner."""
        if scope["type"] == "http":
            running: Awaitable[None] = self._serve(HTTPConnection(scope), Body(receive, self._max_body), send)
        elif scope["type"] == "websocket":
            running = WebSocketClose(POLICY_VIOLATION)(scope, receive, send)  # no transport of MCP's
        elif scope["type"] == "lifespan":
            running = self.app(scope, receive, send)
        else:
            raise ConfigurationError(f"MCPMiddleware can't guard a connection of the type {scope['type']!r}")
        del scope  # it holds the header, which no local may hold while callbacks and tools run
        await running

    async def _serve(self, conn: HTTPConnection, body: Body, send: Send) -> None:
        send = finishing(conn.scope, send)
        answer = await self._answer(conn, body)
        running = answer(conn.scope, body.again, send)
        del conn
        await running

    async def _answer(self, conn: HTTPConnection, body: Body) -> ASGIApp:
        """Return the application, or a refusal."""
        if metadata := metadata_response(self.authenticator, conn.scope):
            return metadata
        if self._exempt_paths and conn.scope["path"].startswith(self._exempt_paths):
            return self.app
        asked = [self._requirement]
        try:
            token: VerifiedToken | None = await self._auth.admit(conn.scope, self._entry)
            asked += await self._of_tools(conn, body)
            return self._admitted(token, asked, conn.scope)
        except Refused as error:
            policies = [each.policy for each in asked if each.policy is not None]
            return rejection_response(self._auth.rejection(error, conn.scope, policies))
        except BadMessage as error:
            return Response(error.body, 400, media_type="application/json")
        except TooLarge:
            return Response("Request body too large", 413)

    async def _of_tools(self, conn: HTTPConnection, body: Body) -> list[Requirement]:
        """Return the requirements of all tools that are called."""
        if not self._tools or conn.scope["method"] != "POST":
            return []
        names = tools_called(conn.scope["headers"], await body.read())
        found = [pattern for pattern in self._tools if any(fnmatchcase(name, pattern) for name in names)]
        return [self._tools[pattern] for pattern in found]

    def _admitted(self, token: Any, asked: Iterable[Requirement], scope: Scope) -> ASGIApp:
        for requirement in asked:
            self._auth.judge(token, requirement, scope)
        scope["auth"] = JWTCredentials(token)
        return SignedIn(self.app, AuthenticatedUser(access_token(token, self._resource)))


def _checked_tools(tools: Mapping[str, Policy]) -> dict[str, Requirement]:
    if not isinstance(tools, Mapping) or not all(isinstance(pattern, str) and pattern for pattern in tools):
        raise ConfigurationError(
            f"tools: found {tools!r}, expected names of tools, or patterns, with policies"
        )
    found = {}
    for pattern, policy in tools.items():
        if not isinstance(policy, Policy):
            raise ConfigurationError(f"tools[{pattern!r}]: found {policy!r}, expected Policy(...)")
        found[pattern] = Requirement.of(policy=policy)
    return found
