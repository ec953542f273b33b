"""The snippets of pages about the core, and of the guides that show one module: they run, and do what is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from jwks_auth import IDTokenVerifier, Policy, TokenVerifier
from jwks_auth.adapters import Authenticator
from jwks_auth.testing import FakeIssuer
from tests.needs import need_module

DOCS = Path(__file__).parent.parent / "docs"
SNIPPET = re.compile(r"^( *)```python\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def snippets(page: str) -> list[str]:
    """Each Python snippet of the page, those in tabs too."""
    return [dedent(code) for _, code in SNIPPET.findall((DOCS / page).read_text())]


def run(page: str, code: str, **names: Any) -> dict[str, Any]:
    """What the snippet leaves behind, given *names*."""
    exec(compile(code, page, "exec"), names)
    return names


def given() -> dict[str, Any]:
    """What the snippets about the core leave to their reader: a token, verified or not, and tenants."""
    issuer = FakeIssuer()
    return {
        "raw": "e30.e30.e30",
        "token": issuer.verified(scope="orders:read", email="ada@acme.dev", tier="gold"),
        "tenant": "8eaef023",
        "tenants_of_ours": lambda: {"https://login.acme.dev/t1"},
    }


def test_the_core_s_page_runs() -> None:
    """From top to bottom, without a network: a verifier fetches nothing before it has to."""
    names = given()
    made: list[object] = []
    for code in snippets("how-to/verification.md"):
        names = run("how-to/verification.md", _without_keys(code), **names)
        made += [names.get("verifier"), names.get("sign_in"), names.get("policy")]
    kinds = {type(each) for each in made}
    assert {TokenVerifier, IDTokenVerifier, Policy} <= kinds
    assert names["find"]("https://login.acme.dev/t1") is not None
    assert names["find"]("https://login.acme.dev/t2") is None


def _without_keys(code: str) -> str:
    """All of a snippet but its look at single keys and signatures, for which the reader has to have some."""
    return "" if "verify_jws(raw, keys)" in code else code


def test_the_page_s_view_of_keys_alone() -> None:
    """A key set, and a signature without any claim."""
    issuer = FakeIssuer()
    [code] = [each for each in snippets("how-to/verification.md") if "verify_jws(raw, keys)" in each]
    read = code.replace("from_json(text)", "from_dict(document)")
    names = run("how-to/verification.md", read, document=issuer.fetch_jwks(), raw=issuer.sign(b"any", {}))
    assert names["payload"] == b"any"


def test_a_store_is_made_and_sealed() -> None:
    """Without asking it for anything."""
    need_module("redis")
    [code] = snippets("how-to/stores.md")
    names = run("how-to/stores.md", code)
    assert type(names["store"]).__name__ == "SealedStore"


def test_the_settings_of_a_cluster_are_settings(tmp_path: Path) -> None:
    """With files that are there, as they are in a pod."""
    [code] = snippets("how-to/private-network.md")
    settings: dict[str, Any] = eval(code)
    authority = tmp_path / "ca.crt"
    token = tmp_path / "token"
    token.write_text("e30")
    certifi = need_module("certifi")
    authority.write_text(Path(certifi.where()).read_text())
    here = {**settings, "CA_FILE": str(authority), "BEARER_FILE": str(token)}
    assert "kubernetes.default" in next(iter(Authenticator(here).settings.issuers))


def test_a_failure_is_heard() -> None:
    """The callback of the page takes each event, and keeps the failures."""
    [code] = snippets("reference/events.md")
    names = run("reference/events.md", code)
    event = names["KeyEvent"]
    names["hear"](event("refresh_started", "https://a.example/", reason="scheduled"))
    names["hear"](event("refresh_failed", "https://a.example/", kind="timeout", retry_in=2.0))
    assert names["failures"] == ["https://a.example/: timeout, again in 2.0 s"]


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, Any]]:
    """The module of the page on WebSockets, in an environment that names its issuer."""
    need_module("fastapi")
    monkeypatch.setenv("JWKS_AUTH_ISSUER", "https://acme.eu.auth0.com/")
    monkeypatch.setenv("JWKS_AUTH_AUDIENCE", "https://api.acme.dev")
    [code] = [each for each in snippets("how-to/websockets.md") if "from fastapi" in each]
    return lambda: run("how-to/websockets.md", code)


def test_a_websocket_speaks_to_its_user(chat: Callable[[], dict[str, Any]]) -> None:
    """With a token in the header, or as a browser sends it; and to nobody else."""
    testing = need_module("jwks_auth_fastapi.testing")
    websockets = need_module("starlette.websockets")
    client_module = need_module("starlette.testclient")
    app = chat()["app"]
    with testing.trust_fake_issuer(app) as issuer:
        raw = issuer.token(sub="ada")
        client = client_module.TestClient(app)
        for how in ({"headers": {"Authorization": f"Bearer {raw}"}}, {"subprotocols": ["bearer", raw]}):
            with client.websocket_connect("/chat", **how) as socket:
                socket.send_text("hello")
                assert socket.receive_text() == "ada: hello"
        with (
            pytest.raises((websockets.WebSocketDisconnect, client_module.WebSocketDenialResponse)),
            client.websocket_connect("/chat"),
        ):
            pass
