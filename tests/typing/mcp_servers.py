"""MCP servers as type checkers see them: around an application, and as a middleware of one."""

from typing import assert_type

from mcp.server.mcpserver import MCPServer
from starlette.middleware import Middleware

from jwks_auth import Policy
from jwks_auth_fastapi import JWKSAuthSettings, JWTBearer
from jwks_auth_fastapi.mcp import JWKSTokenVerifier, MCPMiddleware

server = MCPServer("orders", token_verifier=JWKSTokenVerifier({"ISSUER": "https://issuer.example/"}))
inner = server.streamable_http_app()
tools = {"delete_*": Policy(scopes="orders:write")}

assert_type(
    MCPMiddleware(inner, JWTBearer(JWKSAuthSettings()), scopes="orders:read", tools=tools), MCPMiddleware
)
inner.add_middleware(MCPMiddleware, auth=JWKSAuthSettings(), any_role=["ops"], exempt_paths=["/health"])
Middleware(MCPMiddleware, auth={"ISSUER": "https://issuer.example/"}, acr="urn:acme:mfa", max_auth_age=300)
MCPMiddleware(inner, {}, scope="orders:read")  # type: ignore[call-arg]
MCPMiddleware(inner, {}, tools={"a": "orders:write"})  # type: ignore[dict-item]
