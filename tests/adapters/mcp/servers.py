"""An MCP server behind the middleware, in each framework, and requests of either revision of the protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import MCPServer
from starlette.testclient import TestClient

from jwks_auth import Policy
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi.mcp import MCPMiddleware

OLD, NEW = "2025-11-25", "2026-07-28"
RESOURCE = "http://127.0.0.1:8000/mcp"
METADATA = "http://127.0.0.1:8000/.well-known/oauth-protected-resource/mcp"
TOOLS = {"delete_*": Policy(scopes="orders:write"), "delete_all": Policy(any_role=["admin"])}


def whoami() -> dict[str, Any]:
    """The caller, as the SDK knows it."""
    found = get_access_token()
    assert found is not None
    claims = {} if found.claims is None else found.claims
    return {"subject": found.subject, "tenant": claims.get("tenant"), "scopes": found.scopes}


def delete_order(number: int) -> str:
    """Delete an order."""
    return f"deleted {number}"


def delete_all() -> str:
    """Delete every order."""
    return "deleted all"


def of_sdk(stateless: bool = True) -> Any:
    """The SDK's own server."""
    server = MCPServer("orders")
    for tool in (whoami, delete_order, delete_all):
        server.tool()(tool)
    return server.streamable_http_app(json_response=True, stateless_http=stateless)


def of_fastmcp(stateless: bool = True) -> Any:
    """FastMCP's."""
    from fastmcp import FastMCP

    server: Any = FastMCP("orders")
    for tool in (whoami, delete_order, delete_all):
        server.tool(tool)
    return server.http_app(json_response=True, stateless_http=stateless)


SERVERS: dict[str, Callable[..., Any]] = {
    "sdk": of_sdk,
    **({} if find_spec("fastmcp") is None else {"fastmcp": of_fastmcp}),
}


@contextmanager
def client_of(app: Any, issuer: FakeIssuer, **options: Any) -> Iterator[TestClient]:
    """A client of *app* behind the middleware."""
    options = {"tools": TOOLS, "scopes": "orders:read", **options}
    settings = {**issuer.settings(RESOURCE), "RESOURCE": RESOURCE}
    guarded = MCPMiddleware(app, settings, **options)
    with TestClient(guarded, base_url="http://127.0.0.1:8000") as client:
        yield client


def call(tool: Any, revision: str, /, **arguments: Any) -> dict[str, Any]:
    """What ``client.post("/mcp", ...)`` takes for a tool call."""
    return asked("tools/call", revision, name=tool, arguments=arguments)


def asked(method: Any, revision: str, /, **params: Any) -> dict[str, Any]:
    """What ``client.post("/mcp", ...)`` takes for a request."""
    headers = {
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
        "MCP-Protocol-Version": revision,
    }
    if revision == NEW:
        headers["Mcp-Method"] = str(method)
        headers |= {"Mcp-Name": str(params["name"])} if "name" in params else {}
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": NEW,
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return {"headers": headers, "content": json.dumps(message)}


def sent(client: TestClient, token: str | None, request: dict[str, Any], **headers: str) -> Any:
    """The answer to *request*, with *token* and further headers."""
    bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/mcp", content=request["content"], headers={**request["headers"], **bearer, **named})
