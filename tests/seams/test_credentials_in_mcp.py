"""Printed from a frame of the MCP middleware's, or from the SDK's token: nothing of a credential."""

from __future__ import annotations

from typing import Any

import pytest
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import MCPServer
from starlette.testclient import TestClient

from jwks_auth import Policy
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi.mcp import MCPMiddleware
from tests.adapters.mcp.servers import NEW, RESOURCE, call
from tests.seams.captured import leaks, stack
from tests.seams.faults import REFUSALS, faults
from tests.seams.test_credentials_in_adapters import Tattler, tattler

__all__ = ["tattler"]

SEEN: list[str] = []


def look() -> str:
    """A tool that prints all frames of ours, and the caller."""
    SEEN.append(stack() + repr(get_access_token()))
    return "looked"


def sent(settings: dict[str, Any], values: list[str]) -> Any:
    """The answer of a server with such a tool."""
    server = MCPServer("orders")
    server.tool()(look)
    app = server.streamable_http_app(json_response=True, stateless_http=True)
    tools = {"*": Policy(scopes="orders:read")}
    guarded = MCPMiddleware(app, {**settings, "RESOURCE": RESOURCE}, tools=tools)
    request = call("look", NEW)
    headers = [*request["headers"].items(), *(("Authorization", value) for value in values)]
    with TestClient(guarded, base_url="http://127.0.0.1:8000") as client:
        return client.post("/mcp", content=request["content"], headers=headers)


@pytest.fixture
def issuer() -> FakeIssuer:
    """A provider in this process."""
    return FakeIssuer()


def test_no_frame_prints_a_token_while_a_tool_runs(issuer: FakeIssuer) -> None:
    """Nor does the SDK's token, which a tool may log."""
    SEEN.clear()
    raw = issuer.token(sub="u1", aud=RESOURCE, scope="orders:read", email="ada@example.com")
    assert "looked" in sent(issuer.settings(RESOURCE), [f"Bearer {raw}"]).text
    assert len(SEEN) == 1
    assert "u1" in SEEN[0]
    assert not leaks(SEEN[0], raw)


def test_no_frame_prints_a_token_while_it_is_judged(issuer: FakeIssuer, tattler: Tattler) -> None:
    """Every refusal and every failing callback, looked at from inside the callback and from the refusal."""
    raw = issuer.token(sub="u1", aud=RESOURCE)
    judged = {name: ({}, values(issuer, raw)) for name, values in REFUSALS.items()}
    judged |= {name: (dict(made(issuer)), [f"Bearer {raw}"]) for name, made in faults(tattler.look).items()}
    for name, (settings, values) in judged.items():
        tattler.told.clear()
        answer = sent({**issuer.settings(RESOURCE), **settings}, list(values))
        assert answer.status_code in (400, 401, 503)
        assert tattler.told
        assert not leaks("".join(tattler.told), values[0].rpartition(" ")[2]), name
