"""docs/how-to/flask.md: its snippets run as they stand, and do what the text says."""

from __future__ import annotations

import re
from pathlib import Path

import flask_login
import pytest
from flask import Flask

from jwks_auth_flask import JWKSAuth, require_jwt

NEEDED = 'Bearer realm="api", scope="orders:read"'
GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "flask.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


def run(snippet: str) -> dict:
    """The names a snippet leaves behind."""
    names = {"__name__": "snippet"}
    exec(compile(snippet, str(GUIDE), "exec"), names)
    return names


@pytest.mark.parametrize("snippet", SNIPPETS, ids=[str(number) for number in range(len(SNIPPETS))])
def test_the_snippet_runs(snippet):
    """A reader can paste it."""
    run(snippet)


def test_the_first_snippet_is_an_app(issuer):
    """It refuses a stranger; with another issuer's keys it would let its users in."""
    app = run(SNIPPETS[0])["app"]
    answer = app.test_client().get("/orders")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, NEEDED)
    answer = app.test_client().get("/orders", headers=issuer.headers())
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")


def made_by(marker: str, issuer) -> Flask:
    """The app of the snippet that has *marker*, with this issuer."""
    [snippet] = [each for each in SNIPPETS if marker in each]
    config = {**issuer.settings(prefix="JWKS_AUTH_"), "SECRET_KEY": "for the session cookie"}
    names = run(snippet)
    names["login_manager"].user_loader(lambda user_id: flask_login.UserMixin())
    app = names["create_app"](config)
    app.add_url_rule("/write", "write", flask_login.login_required(lambda: {}), methods=["GET", "POST"])
    return app


def test_csrf_protection_is_for_sessions(issuer):
    """A token waives it, a session does not, and a bad token beside a session is refused."""
    client = made_by("csrf.protect()", issuer).test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "u1"
    assert client.get("/write").status_code == 200
    assert (client.post("/write").status_code, b"CSRF" in client.post("/write").data) == (400, True)
    assert client.post("/write", headers=issuer.headers()).status_code == 200
    assert client.post("/write", headers=issuer.headers(expires_in=-100)).status_code == 401


def test_a_token_in_a_cookie_is_held_to_the_rule_of_the_core(issuer):
    """A page of another site cannot use it, whatever ``request_loader`` finds."""
    [snippet] = [each for each in SNIPPETS if "csrf.protect()" in each]
    settings = issuer.settings(prefix="JWKS_AUTH_")
    app = run(snippet)["create_app"]({**settings, "SECRET_KEY": "x", "JWKS_AUTH_TOKEN_SOURCES": ["cookie:t"]})
    app.add_url_rule("/write", "write", require_jwt(lambda: {}), methods=["POST"])
    for site, status in (("cross-site", 403), ("same-origin", 200)):
        client = app.test_client()
        client.set_cookie("t", issuer.token())
        assert client.post("/write", headers={"Sec-Fetch-Site": site}).status_code == status


def test_sessions_and_tokens_sign_in(issuer):
    """The app of the guide's section: the token's user, and the session's without one."""
    client = made_by("def by_session", issuer).test_client()
    assert client.get("/me", headers=issuer.headers(sub="u1")).json == {"id": "u1"}
    assert client.get("/me").status_code == 401


def test_a_cache_by_sender(issuer):
    """The key of the guide keeps senders apart."""
    [snippet] = [each for each in SNIPPETS if "by_sender" in each]
    app = run(snippet)["app"]
    app.config.from_mapping(issuer.settings(prefix="JWKS_AUTH_"))
    JWKSAuth(app)
    client = app.test_client()
    for sub in ("alice", "bob", "alice"):
        assert client.get("/orders", headers=issuer.headers(sub=sub, scope="orders:read")).json == {"of": sub}
