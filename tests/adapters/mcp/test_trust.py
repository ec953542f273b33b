"""``trust_fake_issuer`` over an MCP server: its middleware is found, around the application and among its layers."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from jwks_auth_fastapi.mcp import MCPMiddleware
from jwks_auth_fastapi.testing import assert_refuses, trust_fake_issuer
from tests.no_network import NoNetwork


async def answer(request: Any) -> JSONResponse:
    """What the server would answer."""
    return JSONResponse({"sub": request.user.access_token.subject})


def server() -> Starlette:
    """The application of a server."""
    return Starlette(routes=[Route("/mcp", answer)])


def settings(network: NoNetwork) -> dict[str, Any]:
    """Settings as in production; the session alone is a test's."""
    return {"ISSUER": "https://id.example/", "RESOURCE": "https://mcp.example/mcp", "SESSION": network}


@pytest.mark.parametrize("place", ["around", "mounted", "layer"])
def test_an_mcp_server(place: str) -> None:
    """A layer is made of settings when the application starts, within the block, and is back to them after it."""
    network = NoNetwork()
    made: dict[str, Any] = {
        "around": lambda: MCPMiddleware(server(), settings(network)),
        "mounted": lambda: Starlette(routes=[Mount("/", MCPMiddleware(server(), settings(network)))]),
        "layer": lambda: Starlette(
            routes=[Route("/mcp", answer)],
            middleware=[Middleware(MCPMiddleware, auth=settings(network))],
        ),
    }
    app = made[place]()
    with trust_fake_issuer(app) as issuer:
        client = TestClient(app)
        assert client.get("/mcp", headers=issuer.headers(sub="u1")).json() == {"sub": "u1"}
        assert_refuses(client, "/mcp")
        headers = issuer.headers(sub="u1")
    assert network.asked == []
    assert TestClient(app).get("/mcp", headers=headers).status_code == 503
    assert network.asked != []
