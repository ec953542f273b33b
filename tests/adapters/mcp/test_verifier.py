"""``JWKSTokenVerifier``, where the framework itself answers."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from pydantic import AnyHttpUrl
from starlette.testclient import TestClient

from jwks_auth import ConfigurationError
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import mcp
from jwks_auth_fastapi.mcp import JWKSTokenVerifier
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend
from tests.adapters.mcp.servers import METADATA, NEW, RESOURCE, call, sent, whoami


def of_sdk(verifier: Any) -> Any:
    """The SDK's server, which judges the resource too."""
    auth = AuthSettings(
        issuer_url=AnyHttpUrl("https://issuer.example"),
        resource_server_url=AnyHttpUrl(RESOURCE),
        required_scopes=["orders:read"],
        validate_token_resource=True,
    )
    server = MCPServer("orders", token_verifier=verifier, auth=auth)
    server.tool()(whoami)
    return server.streamable_http_app(json_response=True, stateless_http=True)


def of_fastmcp(verifier: Any) -> Any:
    """FastMCP's, with its ``RemoteAuthProvider``."""
    fastmcp = pytest.importorskip("fastmcp")
    verifier.required_scopes = ["orders:read"]
    auth = pytest.importorskip("fastmcp.server.auth").RemoteAuthProvider(
        token_verifier=verifier,
        authorization_servers=[AnyHttpUrl("https://issuer.example")],
        base_url="http://127.0.0.1:8000",
    )
    server = fastmcp.FastMCP("orders", auth=auth)
    server.tool(whoami)
    return server.http_app(json_response=True, stateless_http=True)


@pytest.mark.parametrize("make", [of_sdk, of_fastmcp])
def test_a_framework_judges_by_it(make: Any) -> None:
    """A tool knows the caller; the framework answers 401 to a bad token, and 403 to one that lacks a scope."""
    issuer = FakeIssuer()
    verifier = JWKSTokenVerifier({**issuer.settings(RESOURCE), "RESOURCE": RESOURCE})
    with TestClient(make(verifier), base_url="http://127.0.0.1:8000") as client:
        token = issuer.token(aud=["other", RESOURCE], sub="u1", scope="orders:read", tenant="acme")
        answer = sent(client, token, call("whoami", NEW))
        expected = {"subject": "u1", "tenant": "acme", "scopes": ["orders:read"]}
        assert answer.json()["result"]["structuredContent"] == expected
        refused = sent(client, issuer.token(aud="other", scope="orders:read"), call("whoami", NEW))
        assert refused.status_code == 401
        assert f'resource_metadata="{METADATA}"' in refused.headers["www-authenticate"]
        assert sent(client, issuer.token(), call("whoami", NEW)).status_code == 403


async def test_it_knows_none_alone() -> None:
    """For every refusal, an outage too, and for text of any shape."""
    issuer = FakeIssuer()
    verifier = JWKSTokenVerifier(JWTAuthenticationBackend(issuer.settings()))
    good = await verifier.verify_token(issuer.token(sub="u1"))
    assert (good.subject, good.resource) == ("u1", "api")
    for text in ("", "a", "a.b.c", "\ud800", "é", issuer.token(expires_in=-3600), issuer.token(aud="other")):
        assert await verifier.verify_token(text) is None
    down = FakeIssuer()
    down.outage()
    assert await JWKSTokenVerifier(down.settings()).verify_token(down.token()) is None


def test_options_are_fastmcps() -> None:
    """Settings are judged at once."""
    pytest.importorskip("fastmcp")
    assert JWKSTokenVerifier(FakeIssuer().settings(), required_scopes=["a"]).required_scopes == ["a"]
    with pytest.raises(ConfigurationError, match="ISSUER"):
        JWKSTokenVerifier({})


def test_the_sdk_alone_suffices() -> None:
    """Neither FastMCP nor FastAPI is imported for the middleware, nor needed for the verifier."""
    script = """
import importlib.util
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("fastapi", "pydantic_settings"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
found = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "fastmcp" else found(name)
from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi.mcp import JWKSTokenVerifier, MCPMiddleware
JWKSTokenVerifier(FakeIssuer().settings())
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_public_names_are_exported() -> None:
    """Each is there and described, and no other."""
    assert [bool(getattr(mcp, name).__doc__) for name in mcp.__all__] == [True, True]
    with pytest.raises(AttributeError, match="nothing"):
        mcp.nothing
