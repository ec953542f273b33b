"""An MCP server behind access tokens: ``JWKS_AUTH_ISSUER=... JWKS_AUTH_RESOURCE=... uvicorn app:app``."""

import os

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import MCPServer

from jwks_auth import Policy
from jwks_auth.adapters import Settings
from jwks_auth_fastapi.mcp import MCPMiddleware

server = MCPServer("orders", log_level="WARNING")
ORDERS = {1: "tea", 2: "coffee"}


@server.tool()
def whoami() -> str:
    """Say whose token this is."""
    token = get_access_token()
    return f"{token.subject or token.client_id}, {' '.join(token.scopes)}"


@server.tool()
def list_orders() -> dict[int, str]:
    """List all orders."""
    return ORDERS


@server.tool()
def delete_order(number: int) -> str:
    """Delete an order."""
    return f"deleted {ORDERS.pop(number, 'nothing')}"


app = MCPMiddleware(
    server.streamable_http_app(),
    Settings.from_environment(os.environ),
    scopes="orders:read",
    tools={"delete_*": Policy(scopes="orders:write")},
)
