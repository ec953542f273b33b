"""Tokens that a certified OpenID provider binds to a client certificate, sent to all example apps (RFC 8705)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from example_projects.demo.apps import AUDIENCE, example_apps, mcp_server
from example_projects.demo.servers import AppServer
from jwks_auth.adapters import Authenticator, Credentials
from tests.certificates import Authority
from tests.interop.oidc_provider import ALGORITHMS, OidcProvider

APPS = ("Django", "Flask", "FastAPI", "MCP")
OF_MCP = {"JWKS_AUTH_AUDIENCE": AUDIENCE}  # its own is its URL
INITIALIZE = b"""{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params":
{"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}"""
JSON = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")]
BOUND = {
    "JWKS_AUTH_MTLS": "require",
    "JWKS_AUTH_CLIENT_CERTIFICATE": '{"HEADER": "Client-Cert", "FORMAT": "pem-urlencoded"}',
    "JWKS_AUTH_TRUSTED_PROXIES": "127.0.0.1",
    "DJANGO_SETTINGS_MODULE": "tests.interop.bound_settings",
    "PYTHONPATH": str(Path(__file__).parents[2]),
}


@pytest.fixture(scope="module")
def apps(provider: OidcProvider) -> Iterator[dict[str, AppServer]]:
    """The example apps, which ask for bound tokens."""
    with ExitStack() as running:
        all_of_them = [*example_apps(provider.issuer), mcp_server(provider.issuer)]
        made = [
            replace(app, env={**app.env, **BOUND, **(OF_MCP if app.name == "MCP" else {})})
            for app in all_of_them
        ]
        yield {app.name: running.enter_context(app) for app in made}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Those of two clients, in PEM."""
    authority = Authority(tmp_path_factory.mktemp("clients"))
    begin = "-----BEGIN CERTIFICATE-----"
    return [begin + authority.leaf(name).read_text().partition(begin)[2] for name in ("ours", "theirs")]


def answer(app: AppServer, token: str, certificate: str | None) -> tuple[int, str]:
    """The status and the challenge of a request from a proxy that saw *certificate*."""
    passed = [] if certificate is None else [("Client-Cert", quote(certificate, safe=""))]
    sent = [("Authorization", f"Bearer {token}"), *passed]
    if app.name == "MCP":
        found = app.request("/mcp", [*sent, *JSON], method="POST", body=INITIALIZE)
    else:
        found = app.request("/me", sent)
    return found.status, found.challenge or ""


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("name", APPS)
def test_a_bound_token_is_worth_nothing_without_its_certificate(
    provider: OidcProvider, apps: dict[str, AppServer], certificates: list[str], name: str, alg: str
) -> None:
    """Its own certificate admits it; none, and another client's, do not; a token that is bound to nothing neither."""
    ours, theirs = certificates
    token = provider.bound_token(alg, ours)
    assert answer(apps[name], token, ours) == (200, "")
    for certificate, told in ((None, "the request has none"), (theirs, "another client certificate")):
        status, challenge = answer(apps[name], token, certificate)
        assert (status, told in challenge) == (401, True)
    status, challenge = answer(apps[name], provider.token(alg), ours)
    assert (status, "bound to no key" in challenge) == (401, True)


def test_the_thumbprint_is_the_providers(provider: OidcProvider, certificates: list[str]) -> None:
    """The provider computes it from the certificate, and so do we: a view then sees how the sender proved itself."""
    settings: dict[str, Any] = {"ISSUER": provider.issuer, "AUDIENCE": AUDIENCE, "MTLS": "accept"}
    service = Authenticator({**settings, "CLIENT_CERTIFICATE": "tls"})
    headers = {"Authorization": f"Bearer {provider.bound_token('ES256', certificates[0])}"}
    token = service.authenticate(Credentials.from_headers(headers.items(), certificate=certificates[0]))
    assert token is not None
    assert token.sender == "mtls"
    assert set(token.confirmation or {}) == {"x5t#S256"}
