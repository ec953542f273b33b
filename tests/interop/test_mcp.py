"""Both official SDKs' clients at the example MCP server: they find a certified provider, sign in, and step up."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from example_projects.demo.apps import mcp_server
from example_projects.demo.servers import AppServer
from tests.interop.oidc_provider import SECRET, OidcProvider, at_reference, read_by_node, sign_in_by_node
from tests.patience import PATIENCE

AGENT = Path(__file__).parents[2] / "example_projects" / "mcp_server" / "agent.py"
PLACE = "GET /.well-known/oauth-protected-resource/mcp"
TOOLS = ["whoami", "list_orders", "delete_order"]


@pytest.fixture(scope="module")
def server(provider: OidcProvider) -> Iterator[AppServer]:
    """The example server, which trusts the provider."""
    with mcp_server(provider.issuer) as running:
        yield running


def by_python(server: AppServer, provider: OidcProvider) -> list[dict[str, Any]]:
    """What PyPI's client did, as a service with its own credentials."""
    command = [sys.executable, str(AGENT), f"{server.url}/mcp", provider.issuer, "service", SECRET]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{server.log()}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def by_node(server: AppServer, provider: OidcProvider) -> list[dict[str, Any]]:
    """What npm's client did, for a user who signs in by itself."""
    return sign_in_by_node(f"{server.url}/mcp", provider.issuer, TOOLS)


@pytest.mark.parametrize("agent", [by_python, by_node])
def test_an_agent_finds_its_way(server: AppServer, provider: OidcProvider, agent: Any) -> None:
    """It is refused, discovers, asks for what it was told, is told of one more scope, and gets it: one trip each."""
    lines = agent(server, provider)
    assert [line["tool"] for line in lines if "tool" in line] == TOOLS
    refused = [(line["status"], line["asks"]) for line in lines if line.get("status", 200) >= 400]
    assert refused == [(401, "orders:read"), (403, "orders:read orders:write")]
    requests = [line.get("request", "") for line in lines]
    assert requests[1] == PLACE
    asked = [each.partition(" orders:")[2] for each in requests if " orders:" in each]
    assert asked == ["read", "read orders:write"]
    called = [line["status"] for line in lines if line.get("request") == "tools/call delete_order"]
    assert called == [403, 200]


def test_the_caller_is_the_providers(server: AppServer, provider: OidcProvider) -> None:
    """A service by its client, a user by the subject; the provider's tokens are for this server alone."""
    said = [
        line["text"]
        for agent in (by_python, by_node)
        for line in agent(server, provider)
        if line.get("tool") == "whoami"
    ]
    assert said == ["service, orders:read", "user-1, orders:read"]
    elsewhere = provider.token("ES256")  # for another resource
    answer = server.request("/mcp", [("Authorization", f"Bearer {elsewhere}")], method="POST")
    assert answer.status == 401


def refusals(lines: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What a client is refused for, and what it goes on by: the scopes, the metadata, and the error of a 403."""
    return [
        (
            line["status"],
            line["told"].get("scope"),
            urlsplit(line["told"]["resource_metadata"]).path,
            line["told"].get("error") if line["status"] == 403 else None,
        )
        for line in lines
        if line.get("status", 200) in (401, 403)
    ]


@pytest.mark.parametrize(
    ("scenario", "tools"),
    [("auth/scope-step-up", ["delete_order"]), ("auth/scope-from-www-authenticate", ["whoami"])],
)
def test_answers_are_the_reference_servers(
    server: AppServer, provider: OidcProvider, scenario: str, tools: list[str], tmp_path: Path
) -> None:
    """One client, at the conformance suite's server and at ours: refused alike, and led to the same requests."""
    reference = at_reference(scenario, tmp_path)
    ours = sign_in_by_node(f"{server.url}/mcp", provider.issuer, tools)
    named = {"mcp:basic": "orders:read", "mcp:write": "orders:write"}
    translated = [
        (status, " ".join(named[each] for each in scope.split()), *rest)
        for status, scope, *rest in refusals(reference)
    ]
    assert refusals(ours) == translated
    assert len(translated) == (2 if "step-up" in scenario else 1)
    assert reference[-1]["tool"] == "test-tool"


def test_an_independent_reader_reads_it(server: AppServer, provider: OidcProvider) -> None:
    """npm's ``oauth4webapi``: the metadata from the server's URL alone, and the challenge to a bad token."""
    resource = f"{server.url}/mcp"
    read = read_by_node(resource, resource, "a.b.c")
    assert read["metadata"]["authorization_servers"] == [provider.issuer]
    [challenge] = read["challenges"]
    assert challenge["scheme"] == "bearer"
    assert challenge["parameters"]["scope"] == "orders:read"
    assert challenge["parameters"]["error"] == "invalid_token"
