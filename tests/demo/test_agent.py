"""The demo's second table: the agent's steps, each with its own exchange."""

import pytest
import requests

from example_projects.demo.agent import STEPS, judged
from example_projects.demo.provider import CLIENT, Provider
from example_projects.demo.servers import AppServer, ServerFailed
from tests.patience import PATIENCE

BOTH = "orders:read orders:write"
SEEN = [
    {"request": "server/discover", "status": 401, "asks": "orders:read"},
    {"request": "GET /.well-known/oauth-protected-resource/mcp", "status": 200, "asks": None},
    {"request": "GET /.well-known/openid-configuration", "status": 200, "asks": None},
    {"request": "POST /token orders:read", "status": 200, "asks": None},
    {"request": "server/discover", "status": 200, "asks": None},
    {"request": "tools/list", "status": 200, "asks": None},
    {"request": "tools/call whoami", "status": 200, "asks": None},
    {"request": "tools/call delete_order", "status": 403, "asks": BOTH},
    {"request": f"POST /token {BOTH}", "status": 200, "asks": None},
    {"request": "tools/call delete_order", "status": 200, "asks": None},
]


def test_other_exchanges_in_between_do_not_matter():
    """An SDK may list the tools first."""
    assert all(is_right for *_, is_right in judged(SEEN))


@pytest.mark.parametrize("at", [at for at, seen in enumerate(SEEN) if seen["request"] != "tools/list"])
def test_each_step_counts(at: int):
    """One that is missing, has another status, or asks for something else."""
    for wrong in ([], [{**SEEN[at], "status": 500}], [{**SEEN[at], "asks": "other"}]):
        assert not all(is_right for *_, is_right in judged([*SEEN[:at], *wrong, *SEEN[at + 1 :]]))
    assert len(list(judged([]))) == len(STEPS)


def test_the_provider_knows_one_client():
    """Its token is for the resource that was asked for; nobody else gets one."""
    with Provider() as provider:
        asked = {"grant_type": "client_credentials", "resource": "https://mcp.example/mcp"}
        url = f"{provider.issuer}/token"
        assert requests.post(url, asked, auth=CLIENT, timeout=PATIENCE).json()["token_type"] == "Bearer"
        assert requests.post(url, asked, auth=("agent", "guess"), timeout=PATIENCE).status_code == 401
        assert requests.get(f"{provider.issuer}/other", timeout=PATIENCE).status_code == 404


def test_a_process_that_does_not_end_is_told():
    """With what it has written."""
    with (
        AppServer("sleeper", ["sleep", "60"], timeout=0.05) as server,
        pytest.raises(ServerFailed, match="sleeper did not end"),
    ):
        server.ended()
