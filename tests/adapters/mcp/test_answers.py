"""The middleware's answers: statuses, challenges, policies of tools, the caller inside of tools."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from jwks_auth import ConfigurationError, Policy
from jwks_auth.testing import FakeIssuer, assert_discoverable
from jwks_auth_fastapi.mcp import MCPMiddleware
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend
from tests.adapters.mcp.servers import (
    METADATA,
    NEW,
    OLD,
    RESOURCE,
    SERVERS,
    TOOLS,
    asked,
    call,
    client_of,
    sent,
)

REVISIONS = pytest.mark.parametrize("revision", [OLD, NEW])


def challenge(scope: str = "", error: str = "") -> str:
    """The challenge that names *scope*."""
    reason = f', error="{error}", error_description="The access token does not allow this request"'
    named = f', scope="{scope}"' if scope else ""
    return f'Bearer realm="api"{reason if error else ""}{named}, resource_metadata="{METADATA}"'


@REVISIONS
def test_a_tool_knows_the_caller(client: TestClient, issuer: FakeIssuer, revision: str) -> None:
    """The SDK's ``get_access_token()`` has the subject, the claims and the scopes."""
    token = issuer.token(sub="u1", scope="orders:read b", tenant="acme")
    answer = sent(client, token, call("whoami", revision))
    assert answer.status_code == 200
    expected = {"subject": "u1", "tenant": "acme", "scopes": ["b", "orders:read"]}
    assert answer.json()["result"]["structuredContent"] == expected
    assert answer.headers["vary"] == "Authorization"


def test_fastmcps_own_function_knows_the_caller_too(issuer: FakeIssuer) -> None:
    """``fastmcp.server.dependencies.get_access_token()``, of each request."""
    server = pytest.importorskip("fastmcp").FastMCP("orders")
    found = pytest.importorskip("fastmcp.server.dependencies").get_access_token
    server.tool(lambda: f"{found().subject} of {found().claims['tenant']}", name="whoami")
    with client_of(server.http_app(json_response=True, stateless_http=True), issuer) as client:
        for tenant in ("acme", "other"):
            token = issuer.token(sub="u1", scope="orders:read", tenant=tenant)
            answer = sent(client, token, call("whoami", NEW))
            assert answer.json()["result"]["content"][0]["text"] == f"u1 of {tenant}"


@REVISIONS
def test_each_refusal_has_its_status(client: TestClient, issuer: FakeIssuer, revision: str) -> None:
    """401 without a token or with a bad one, 403 for a scope, each with all that a client asks for next."""
    nobody = sent(client, None, call("whoami", revision))
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, challenge("orders:read"))
    expired = sent(client, issuer.token(expires_in=-3600), call("whoami", revision))
    assert expired.status_code == 401
    assert 'error="invalid_token"' in expired.headers["www-authenticate"]
    assert f'scope="orders:read", resource_metadata="{METADATA}"' in expired.headers["www-authenticate"]
    narrow = sent(client, issuer.token(), call("whoami", revision))
    assert narrow.status_code == 403
    assert narrow.headers["www-authenticate"] == challenge("orders:read", "insufficient_scope")


def test_an_outage_is_not_the_clients_fault(make: Any, issuer: FakeIssuer) -> None:
    """503 with ``Retry-After``, and no challenge: a client keeps its token."""
    issuer.outage()
    with client_of(make(), issuer) as client:
        answer = sent(client, issuer.token(scope="orders:read"), call("whoami", NEW))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "www-authenticate" not in answer.headers


@REVISIONS
def test_a_tool_asks_for_more(client: TestClient, issuer: FakeIssuer, revision: str) -> None:
    """One trip suffices: the challenge names what every request needs, and what the tool does."""
    write = "orders:read orders:write"
    request = call("delete_order", revision, number=7)
    for scope in ("orders:read", "orders:write", "other"):
        refused = sent(client, issuer.token(scope=scope), request)
        assert refused.status_code == 403
        assert refused.headers["www-authenticate"] == challenge(write, "insufficient_scope")
    answer = sent(client, issuer.token(scope=write), request)
    assert answer.json()["result"]["content"][0]["text"] == "deleted 7"


@REVISIONS
def test_all_patterns_that_match_count(client: TestClient, issuer: FakeIssuer, revision: str) -> None:
    """A role that lacks is not asked for as a scope, or a client would ask for ever."""
    write = "orders:read orders:write"
    refused = sent(client, issuer.token(scope=write), call("delete_all", revision))
    assert refused.status_code == 403
    assert refused.headers["www-authenticate"] == challenge("", "insufficient_scope")
    assert (
        sent(
            client, issuer.token(roles=["admin"], scope="orders:read"), call("delete_all", revision)
        ).status_code
        == 403
    )
    assert (
        sent(client, issuer.token(roles=["admin"], scope=write), call("delete_all", revision)).status_code
        == 200
    )


def test_other_methods_ask_for_what_every_request_needs(client: TestClient, issuer: FakeIssuer) -> None:
    """A list of tools, and a stream that is opened or ended."""
    token = issuer.token(scope="orders:read")
    assert sent(client, token, asked("tools/list", NEW)).status_code == 200
    for method in ("GET", "DELETE", "PUT", "OPTIONS"):
        assert client.request(method, "/mcp").status_code == 401
        narrow = client.request(method, "/mcp", headers=issuer.headers())
        assert narrow.status_code == 403
    assert client.put("/mcp", headers=issuer.headers(scope="orders:read")).status_code == 405


def test_a_session_belongs_to_its_caller(make: Any, issuer: FakeIssuer) -> None:
    """Another subject is told that there is none; a fresh token of the same one is the tool's from then on."""
    with client_of(make(stateless=False), issuer) as client:
        hello = asked(
            "initialize", OLD, protocolVersion=OLD, capabilities={}, clientInfo={"name": "t", "version": "1"}
        )
        first = issuer.token(sub="u1", scope="orders:read")
        session = sent(client, first, hello).headers["mcp-session-id"]
        request = call("whoami", OLD)
        other = sent(client, issuer.token(sub="u2", scope="orders:read"), request, mcp_session_id=session)
        assert other.status_code == 404
        fresh = issuer.token(sub="u1", scope="orders:read more")
        answer = sent(client, fresh, request, mcp_session_id=session)
        assert answer.json()["result"]["structuredContent"]["scopes"] == ["more", "orders:read"]


def test_metadata_are_served_to_anybody(client: TestClient, issuer: FakeIssuer) -> None:
    """At the place that the resource has; another place below the prefix is 404, never 401."""
    middleware: Any = client.app
    assert_discoverable(client, middleware)
    assert client.get("/.well-known/oauth-protected-resource/other").status_code == 404


def test_exempt_paths_are_open(issuer: FakeIssuer) -> None:
    """And no others."""
    with client_of(SERVERS["sdk"](), issuer, exempt_paths=["/health"]) as client:
        assert client.get("/health").status_code == 404  # of the server, which has none
        assert client.get("/mcp").status_code == 401


def test_a_websocket_is_closed(client: TestClient, issuer: FakeIssuer) -> None:
    """MCP has no such transport."""
    from starlette.websockets import WebSocketDisconnect

    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect("/mcp", headers=issuer.headers(scope="orders:read")),
    ):
        raise AssertionError("never accepted")
    assert closed.value.code == 1008


async def test_other_connections_are_a_mistake(issuer: FakeIssuer) -> None:
    """They can't be guarded, so they are not passed on."""
    settings = {**issuer.settings(RESOURCE), "RESOURCE": RESOURCE}
    with pytest.raises(ConfigurationError, match="'datagram'"):
        await MCPMiddleware(SERVERS["sdk"](), settings)({"type": "datagram"}, None, None)  # type: ignore[arg-type]


def test_a_backend_is_shared(issuer: FakeIssuer) -> None:
    """What is given may be one; without policies of tools no body is read."""
    auth = JWTAuthenticationBackend({**issuer.settings(RESOURCE), "RESOURCE": RESOURCE})
    guarded = MCPMiddleware(SERVERS["sdk"](), auth)
    with TestClient(guarded, base_url="http://127.0.0.1:8000") as client:
        assert sent(client, issuer.token(), call("whoami", NEW)).status_code == 200
        assert sent(client, issuer.token(), {**call("whoami", NEW), "content": b"{"}).status_code == 400


def test_it_may_be_a_middleware_of_the_application(make: Any, issuer: FakeIssuer) -> None:
    """``app.add_middleware(MCPMiddleware, auth=...)``: the same, with the application's own lifespan."""
    app = make()
    settings = {**issuer.settings(RESOURCE), "RESOURCE": RESOURCE}
    app.add_middleware(MCPMiddleware, auth=settings, scopes="orders:read", tools=TOOLS)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        token = issuer.token(sub="u1", scope="orders:read")
        assert "u1" in sent(client, token, call("whoami", NEW)).text
        assert sent(client, token, call("delete_order", NEW)).status_code == 403
        assert sent(client, None, call("whoami", NEW)).headers["www-authenticate"] == challenge("orders:read")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"tools": {"a": "orders:write"}}, r"tools\['a'\]: found 'orders:write'"),
        ({"tools": {"": Policy(scopes="a")}}, "tools: found"),
        ({"tools": [Policy(scopes="a")]}, "tools: found"),
        ({"tools": {1: Policy(scopes="a")}}, "tools: found"),
        ({"scopes": ""}, "scopes"),
        ({"exempt_paths": "health"}, "exempt_paths"),
    ],
)
def test_mistakes_are_told_at_once(issuer: FakeIssuer, options: Any, found: str) -> None:
    """By the name of what is wrong."""
    settings = {**issuer.settings(RESOURCE), "RESOURCE": RESOURCE}
    with pytest.raises(ConfigurationError, match=found):
        MCPMiddleware(SERVERS["sdk"](), settings, **options)


def test_a_resource_is_needed(issuer: FakeIssuer) -> None:
    """MCP makes its metadata a must; and a token is never optional."""
    with pytest.raises(ConfigurationError, match="RESOURCE"):
        MCPMiddleware(SERVERS["sdk"](), issuer.settings())
    for resource in ("mcp", "ftp://mcp.acme.dev", "https://mcp.acme.dev/mcp#top", "http://mcp.acme.dev/mcp"):
        with pytest.raises(ConfigurationError, match="RESOURCE"):
            MCPMiddleware(SERVERS["sdk"](), {**issuer.settings(), "RESOURCE": resource})
    settings: Any = {**issuer.settings(RESOURCE), "RESOURCE": RESOURCE}
    with pytest.raises(TypeError, match="optional"):
        MCPMiddleware(SERVERS["sdk"](), settings, optional=True)  # type: ignore[call-arg]
