"""The snippets of docs/how-to/mcp.md run."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from starlette.testclient import TestClient

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi.mcp import MCPMiddleware
from tests.adapters.mcp.servers import NEW, call, sent

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "mcp.md"
SERVER, REMOTE = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def documented(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The page's server, as a module."""
    module = ModuleType("orders_mcp")
    monkeypatch.setitem(sys.modules, "orders_mcp", module)
    exec(compile(SERVER, str(PAGE), "exec"), vars(module))
    return module


def test_the_documented_server_answers(documented: ModuleType) -> None:
    """With an issuer that needs no network."""
    issuer, app = FakeIssuer(), documented.app
    settings = {
        **issuer.settings(documented.SETTINGS["RESOURCE"]),
        "RESOURCE": documented.SETTINGS["RESOURCE"],
    }
    tools = {pattern: each.policy for pattern, each in app._tools.items()}
    guarded = MCPMiddleware(app.app, settings, scopes="orders:read", tools=tools)
    with TestClient(guarded, base_url="https://mcp.acme.dev") as client:
        token = issuer.token(sub="u1", scope="orders:read", tenant="acme")
        assert "u1 of acme" in sent(client, token, call("whoami", NEW)).text
        assert sent(client, token, call("delete_order", NEW, number=7)).status_code == 403
        place = client.get("/.well-known/oauth-protected-resource/mcp")
        assert place.json()["resource"] == "https://mcp.acme.dev/mcp"


def test_the_documented_provider_is_one(documented: ModuleType) -> None:
    """FastMCP takes the verifier."""
    pytest.importorskip("fastmcp")
    names: dict[str, object] = {}
    exec(compile(REMOTE, str(PAGE), "exec"), names)
    with TestClient(names["server"].http_app(), base_url="https://mcp.acme.dev") as client:  # type: ignore[attr-defined]
        refused = sent(client, "a.b.c", call("whoami", NEW))
        assert refused.status_code == 401
        assert "resource_metadata=" in refused.headers["www-authenticate"]
