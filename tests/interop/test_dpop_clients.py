"""Independent clients of DPoP get bound tokens of a certified provider, and use them on all example apps (RFC 9449)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from example_projects.demo.apps import AUDIENCE, example_apps, mcp_server
from example_projects.demo.servers import AppServer
from jwks_auth.proofs import hash_of
from tests.interop.oidc_provider import ALGORITHMS, SECRET, OidcProvider, proved_by_node
from tests.needs import need_module
from tests.patience import PATIENCE

SETTLED = {
    "JWKS_AUTH_DPOP": "require",
    "JWKS_AUTH_DPOP_REPLAY": "memory",
    "JWKS_AUTH_PUBLIC_URL": "{url}",
    "DJANGO_SETTINGS_MODULE": "tests.interop.bound_settings",
    "PYTHONPATH": str(Path(__file__).parents[2]),
}
NONCES = {"JWKS_AUTH_DPOP_NONCE": "require", "JWKS_AUTH_DPOP_SECRET": "a secret of these tests"}
APPS = ("Django", "Flask", "FastAPI", "MCP")


@pytest.fixture(scope="module", params=[{}, NONCES], ids=["no nonce", "nonces"])
def apps(provider: OidcProvider, request: pytest.FixtureRequest) -> Iterator[dict[str, AppServer]]:
    """The example apps, which ask for proofs, and some of them for nonces."""
    with ExitStack() as running:
        all_of_them = [*example_apps(provider.issuer), mcp_server(provider.issuer)]
        made = [replace(app, env={**app.env, **SETTLED, **request.param}) for app in all_of_them]
        for app in made[3:]:  # whose audience is its URL
            app.env = {**app.env, "JWKS_AUTH_AUDIENCE": AUDIENCE, "JWKS_AUTH_RESOURCE": "{url}/mcp"}
        yield {app.name: running.enter_context(app) for app in made}


def urls(apps: dict[str, AppServer]) -> list[str]:
    """A URL of each app, in other spellings too."""
    paths = {"Django": "/orders", "Flask": "/orders?a=%20#b", "FastAPI": "/%6frders?a=1", "MCP": "/mcp"}
    return [apps[name].url + path for name, path in paths.items()]


@pytest.mark.parametrize("alg", ["ES256", "Ed25519", "RS256", "PS256"])
@pytest.mark.parametrize("library", ["dpop", "openid-client"])
def test_npms_clients_are_admitted(
    provider: OidcProvider, apps: dict[str, AppServer], library: str, alg: str
) -> None:
    """Each request has a proof of its own, with the nonce that the app asked for."""
    assert proved_by_node(library, alg, provider.issuer, urls(apps)) == [200] * 8


@pytest.fixture(scope="module")
def sent(provider: OidcProvider) -> Any:
    """A token that PyPI's client has got, which proves each request that it is the ``auth`` of."""
    client = need_module("requests_oauth2client").OAuth2Client(
        f"{provider.issuer}/token",
        client_id="service",
        client_secret=SECRET,
        dpop_bound_access_tokens=True,
        testing=True,
    )
    return client.client_credentials(resource=f"{AUDIENCE}/ES256", scope="orders:read")


@pytest.mark.parametrize("name", APPS[:3])
def test_pypis_client_is_admitted(apps: dict[str, AppServer], sent: Any, name: str) -> None:
    """It takes nonces too."""
    for _ in range(2):
        answer = requests.get(f"{apps[name].url}/orders?a=b", auth=sent, timeout=PATIENCE)
        assert answer.status_code == 200, answer.headers


@pytest.mark.parametrize("name", APPS)
def test_its_token_is_worth_nothing_to_others(apps: dict[str, AppServer], sent: Any, name: str) -> None:
    """As Bearer, as DPoP without a proof, and with the proof of another key."""
    thief = type(sent.dpop_key).generate()
    url = apps[name].url + ("/mcp" if name == "MCP" else "/me")
    token = str(sent.access_token)
    stolen = str(thief.proof(htm="GET", htu=url, ath=hash_of(token)))
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"DPoP {token}"},
        {"Authorization": f"DPoP {token}", "DPoP": stolen},
    ):
        assert requests.get(url, headers=headers, timeout=PATIENCE).status_code == 401


@pytest.mark.parametrize("name", APPS)
def test_a_proof_replayed_is_refused(apps: dict[str, AppServer], sent: Any, name: str) -> None:
    """A whole request, sent again."""
    method, path = ("POST", "/mcp") if name == "MCP" else ("GET", "/me")
    first = requests.request(method, apps[name].url + path, auth=sent, timeout=PATIENCE)
    assert first.status_code not in (401, 403), first.headers
    again = requests.request(
        method, apps[name].url + path, headers=dict(first.request.headers), timeout=PATIENCE
    )
    assert again.status_code == 401
    assert "used before" in again.headers["WWW-Authenticate"]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_plain_token_of_the_provider_is_refused(
    provider: OidcProvider, apps: dict[str, AppServer], alg: str
) -> None:
    """These apps take no others."""
    for name in APPS[:3]:
        sent = [("Authorization", f"Bearer {provider.token(alg)}")]
        answer = apps[name].request("/me", sent)
        assert (answer.status, "is bound to no key" in (answer.challenge or "")) == (401, True)
