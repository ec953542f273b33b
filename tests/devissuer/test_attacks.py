"""Attacks on a dev issuer: any website can make the developer's browser ask, and any client can send it anywhere."""

from __future__ import annotations

import http.client
import re
import socket
from contextlib import nullcontext
from typing import Any

import pytest

from jwks_auth.devissuer import DevServer, Options
from jwks_auth.errors import KeySourceError
from jwks_auth.request import Authenticator, Credentials
from jwks_auth.testing import FakeClient
from tests.devissuer.client import BACK, Client, hidden
from tests.devissuer.test_control import made
from tests.patience import PATIENCE

EVIL = "https://evil.example"
PAGES = ("/", "/tokens", "/keys", "/faults")
DOCUMENTS = ("/.well-known/openid-configuration", "/.well-known/jwks.json")


def raw(client: Client, lines: str) -> tuple[int, bytes]:
    """The answer to a request that no client library would send."""
    host, port = client.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(lines.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n")
        with http.client.HTTPResponse(connection, method=lines.split()[0]) as response:
            response.begin()
            return response.status, response.read()


@pytest.mark.parametrize("path", [*PAGES, *DOCUMENTS, "/authorize", "/style.css", "/no-such"])
@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:8999", "evil.localhost.",
     "0.0.0.0", "127.0.0.1@evil.example", "[::1", "127.0.0.1:8999:80", "", "évil"],
)  # fmt: skip
def test_dns_rebinding_reads_nothing(path: str, host: str, client: Client) -> None:
    """A name of a website that means this machine is not answered; the controls are this machine's own names."""
    answer = client.get(path, headers={"Host": host.encode("latin-1")})
    assert answer.status_code == 421
    assert client.url not in answer.text or "dev issuer" in answer.text
    if path in PAGES:
        for own in ("localhost", "LOCALHOST:1", "127.0.0.1", "127.9.9.9", "[::1]:8999", "app.localhost"):
            assert client.get(path, headers={"Host": own}).status_code == 200


def test_requests_without_one_host_are_refused(client: Client) -> None:
    """None, or two of which a proxy may believe the other."""
    assert raw(client, "GET / HTTP/1.1")[0] == 421
    assert raw(client, "GET / HTTP/1.1\nHost: 127.0.0.1\nHost: evil.example")[0] == 421
    assert raw(client, "GET / HTTP/1.1\nHost: 127.0.0.1")[0] == 200


FORMS: dict[str, dict[str, Any]] = {
    "token": {"sub": "ada", "expires_in": "300"},
    "rotate": {"alg": "ES256"},
    "fault": {"fault": "error", "delay": "0"},
    "tokens": {"lifetime": "5"},
    "expire": {},
}


@pytest.mark.parametrize("path", [*FORMS, "withdraw", "publish"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=["site", "null", "empty", "port", "no-port", "cross-site", "same-site"],
)
def test_no_other_page_posts_to_the_control_page(
    path: str, headers: dict[str, str], server: DevServer, client: Client
) -> None:
    """Not even one that has our secret, from another port of this machine; the control is our own page."""
    kid = server.issuer.kid
    fields = {"csrf": hidden(client.get("/keys").text, "csrf"), "kid": kid, **FORMS.get(path, {})}
    refused = client.post(f"/control/{path}", fields, headers=headers)
    assert refused.status_code == 403
    assert (server.issuer.kid, server.issuer.behaviour.fault, server.issuer.behaviour.lifetime) == (
        kid,
        "",
        300,
    )
    assert client.post(f"/control/{path}", fields, headers={"Origin": client.url}).status_code in (200, 303)


def test_a_form_needs_the_secret_of_our_page(server: DevServer, client: Client) -> None:
    """Old browsers that send no origin are no way in."""
    for csrf in ({}, {"csrf": "x"}, {"csrf": "é"}):
        assert client.post("/control/rotate", {"alg": "ES256", **csrf}).status_code == 403
    assert len(server.issuer.all_keys()) == 1


def test_a_page_gets_no_token_by_json(client: Client) -> None:
    """Another origin would need a preflight, which is not answered; as plain text it needs the secret."""
    own = client.http.post(f"{client.url}/control/token", json={"sub": "ada"}, timeout=PATIENCE)
    assert own.status_code == 200
    preflight = {"Origin": EVIL, "Access-Control-Request-Method": "POST"}
    asked = client.http.options(f"{client.url}/control/token", headers=preflight, timeout=PATIENCE)
    assert "Access-Control-Allow-Origin" not in asked.headers
    assert asked.status_code == 405
    for headers in ({"Content-Type": "application/json", "Origin": EVIL}, {"Content-Type": "text/plain"}):
        refused = client.http.post(
            f"{client.url}/control/token", data='{"sub": "ada"}', headers=headers, timeout=PATIENCE
        )
        assert refused.status_code in (400, 403)
        assert "token" not in refused.headers.get("Content-Type", "")


@pytest.mark.parametrize("path", ["/token", "/userinfo", "/introspect", "/revoke", *DOCUMENTS])
def test_only_pages_of_this_machine_may_ask_the_endpoints(path: str, client: Client) -> None:
    """A website gets neither tokens nor keys; the control is an application on another port."""
    ask = client.get if path in DOCUMENTS else client.post
    for origin in (EVIL, "null", "http://localhost.evil.example", "http://127.0.0.1:1@evil.example"):
        refused = ask(path, headers={"Origin": origin})
        assert (refused.status_code, "Access-Control-Allow-Origin" in refused.headers) == (403, False)
        preflight = client.http.options(client.url + path, headers={"Origin": origin}, timeout=PATIENCE)
        assert (preflight.status_code, "Access-Control-Allow-Origin" in preflight.headers) == (403, False)
    own = "http://localhost:3000"
    assert ask(path, headers={"Origin": own}).headers["Access-Control-Allow-Origin"] == own
    preflight = client.http.options(client.url + path, headers={"Origin": own}, timeout=PATIENCE)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (204, own)
    assert "DPoP" in preflight.headers["Access-Control-Allow-Headers"]


def test_another_page_agrees_in_nobody_s_name(client: Client) -> None:
    """Neither with a name it can't know, nor from elsewhere, nor a second time."""
    page = client.page()
    name = hidden(page.text, "request")
    form = {"request": name, "person": "sub:ada", "answer": "allow", "audience": "api"}
    for headers in ({"Origin": EVIL}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post("/authorize", form, headers=headers).status_code == 403
    for other in ("", "x", "é", name[:-1]):
        assert client.post("/authorize", {**form, "request": other}).status_code == 400
    assert client.post("/authorize", form, headers={"Origin": client.url}).status_code == 303
    again = client.post("/authorize", form, headers={"Origin": client.url})
    assert (again.status_code, "used before" in again.text) == (400, True)


BAD_ADDRESSES = [
    "https://evil.example/cb",
    "//evil.example/cb",
    "http:///evil.example",
    "http:/evil.example",
    "http:\\\\evil.example",
    "http://127.0.0.1\\@evil.example/",
    "http://127.0.0.1:80@evil.example/",
    "http://user@127.0.0.1/",
    "http://127.0.0.1.evil.example/",
    "http://localhost.evil.example/",
    "http://evil.example#http://127.0.0.1/",
    "http://127.0.0.1/#fragment",
    "http://127.0.0.1/\r\nSet-Cookie: x=y",
    "http://127.0.0.1/ x",
    "http://127.0.0.1/\u202ex",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://127.0.0.1%2eevil.example/",
    "http://[::1]evil.example/",
    "http://[::ffff:1.2.3.4]/",
    "http://0.0.0.0/",
    "http://ⓛocalhost/",
    "javascript:alert(1)//http://127.0.0.1/",
    "data:text/html,x",
    "ftp://127.0.0.1/",
    "com.example.app:/cb",
    "/relative",
    "http://127.0.0.1/" + "a" * 3000,
    "",
]


@pytest.mark.parametrize("uri", BAD_ADDRESSES, ids=range(len(BAD_ADDRESSES)))
def test_no_open_redirect(uri: str, client: Client) -> None:
    """Neither a code nor an error, nor a sign-out, goes anywhere but to this machine; the controls do."""
    for changed in ({}, {"response_type": "bad"}, {"prompt": "none"}):
        answer = client.page(redirect_uri=uri, **changed)
        assert (answer.status_code, "Location" in answer.headers) == (400, False)
    hint = client.tokens()["id_token"]
    left = client.get("/logout", params={"post_logout_redirect_uri": uri, "id_token_hint": hint})
    assert "Location" not in left.headers
    assert uri == "" or left.status_code == 400


@pytest.mark.parametrize(
    "uri",
    [
        BACK,
        "http://localhost/",
        "http://localhost",
        "https://127.0.0.1:8443/cb?x=%20y",
        "http://[::1]:3000/",
        "http://a.localhost/",
    ],
)
def test_redirects_to_this_machine(uri: str, client: Client) -> None:
    """Each of its names, with any port, path and query of the client's own."""
    answer = client.answer(client.page(redirect_uri=uri))
    assert answer.headers["Location"].startswith(f"{uri}{'&' if '?' in uri else '?'}code=")


@pytest.mark.parametrize(
    "changed",
    [
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": "a" * 42},
        {"code_challenge": "a" * 44},
        {"code_challenge": "=" * 43},
    ],
)
def test_pkce_is_required(changed: dict[str, Any], client: Client) -> None:
    """No code without a challenge that a digest can meet."""
    assert client.back(client.page(**changed))["error"] == "invalid_request"


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "a" * 43},
        {"code_verifier": ""},
        {"code_verifier": "short"},
        {"client_id": "another"},
        {"redirect_uri": BACK + "/"},
        {"redirect_uri": ""},
        {"code": "invented"},
    ],
    ids=["verifier", "none", "short", "client", "address", "no-address", "code"],
)
def test_an_injected_code_is_worthless(changed: dict[str, Any], client: Client) -> None:
    """Of another client, address or browser: refused, and over for whoever comes next; the control redeems his own."""
    code = client.code()
    refused = client.redeem(code, **changed)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert client.redeem(code).status_code == (200 if changed.get("code") else 400)


def test_a_replayed_code_ends_what_it_was_good_for(client: Client) -> None:
    """The tokens of the first use too, as nobody knows whose it was (RFC 6749 section 4.1.2)."""
    code = client.code()
    got = client.redeem(code).json()
    assert client.redeem(code).json()["error"] == "invalid_grant"
    assert client.introspected(got["access_token"]) == {"active": False}
    assert client.refresh(got["refresh_token"]).status_code == 400


def test_a_code_is_over_after_a_minute(
    server: DevServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A code that is found in a log later is worthless."""
    now = server.issuer.clock()
    server.issuer.grants._clock = lambda: now
    early, late = client.code(), client.code()
    server.issuer.grants._clock = lambda: now + 59
    assert client.redeem(early).status_code == 200
    server.issuer.grants._clock = lambda: now + 60
    assert client.redeem(late).json()["error"] == "invalid_grant"


def test_a_stolen_refresh_token_ends_the_grant(client: Client) -> None:
    """Used twice: whoever came second, both are out; another client can't use it, nor end it."""
    got = client.tokens()
    assert client.refresh(got["refresh_token"], client_id="another").status_code == 400
    following = client.refresh(got["refresh_token"]).json()
    assert client.refresh(got["refresh_token"]).status_code == 400
    assert client.refresh(following["refresh_token"]).status_code == 400
    assert client.introspected(following["access_token"]) == {"active": False}


def test_a_stolen_proof_is_good_once(server: DevServer, client: Client) -> None:
    """Neither again, nor for another place, nor with two in one request; the control is a proof of its own."""
    sender = FakeClient(server.issuer, dpop=True)
    form = {"grant_type": "client_credentials", "client_id": "job"}
    url = f"{client.url}/token"
    proof = sender.proof("POST", url, "", ath=None)
    assert client.post("/token", form, headers={"DPoP": proof}).status_code == 200
    for bad in (
        proof,
        sender.proof("GET", url, "", ath=None),
        sender.proof("POST", f"{client.url}/userinfo", "", ath=None),
        sender.proof("POST", url, "", ath=None, iat=1),
        sender.proof("POST", url, "", ath=None, htu=5),
        sender.proof("POST", url, "", ath=None, header={"jwk": None}),
        sender.proof("POST", url, "", ath=None, header={"jwk": {"kty": "oct", "k": "AA"}}),
        f"{sender.proof('POST', url, '', ath=None)}, {sender.proof('POST', url, '', ath=None)}",
        "nonsense",
        "",
    ):
        refused = client.post("/token", form, headers={"DPoP": bad})
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof"), bad


SCRIPT = "\"'><script>alert(1)</script>"


def test_nothing_of_a_request_becomes_markup(client: Client) -> None:
    """Client, state, scope, audience, hint, step-up, people's own words, tokens' claims: shown as text everywhere."""
    asked = {"client_id": SCRIPT, "audience": '"><script>', "acr_values": '"><script>', "login_hint": SCRIPT}
    page = client.page(**asked, state=SCRIPT, scope="a<script>b")
    assert page.status_code == 200
    new = {"person": "new", "sub": SCRIPT, "name": SCRIPT, "email": SCRIPT, "roles": "<script>"}
    again = client.answer(page, **new, claims="<script>")
    back = client.answer(again, **new, claims='{"<script>": "</script>"}')
    assert client.back(back)["state"] == SCRIPT
    assert "<" not in back.headers["Location"]
    pages = [page, again, client.page(), client.get("/faults"), client.page(redirect_uri=SCRIPT)]
    pages += [client.get(path) for path in PAGES] + [client.get("/keys?done=%3Cscript%3E")]
    given = {
        "sub": SCRIPT,
        "audience": "<script>",
        "scope": "<script>",
        "roles": "<script>",
        "expires_in": "5",
    }
    pages += [
        client.control("token", **given, claims='{"a": "</pre><script>"}'),
        client.control("token", **given, claims="</textarea><script>"),
        client.control("token", **given, kid="<script>", kind="<script>"),
        client.control("fault", fault="<script>", delay="0"),
        client.control("fault", fault="", delay="<script>"),
        client.control("tokens", lifetime="<script>"),
    ]
    for each in pages:
        assert "<script" not in each.text.lower(), each.url
        assert each.headers["Content-Type"] == "text/html; charset=utf-8"


def test_pages_can_not_be_framed_or_load_anything(client: Client) -> None:
    """Clickjacking and injected scripts: every page says so, refusals too; the control is the form's target."""
    for answer in (
        client.page(),
        client.page(redirect_uri="bad"),
        *map(client.get, PAGES),
        client.get("/logout"),
    ):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert not re.search(r"<script|\son\w+=|style=|(?:src|href)=\"(?:https?:)?//", answer.text)
        targets = re.findall(r"form-action ([^;]+)", policy)[0].split()
        assert [
            each
            for each in targets
            if not re.match(r"'self'|https?://(127\.0\.0\.1|(\*\.)?localhost):\*", each)
        ] == []
    beyond = client.page(redirect_uri="http://[::1]:3000/").headers["Content-Security-Policy"]
    assert beyond.endswith(" http: https:")


def test_a_page_that_was_left_open_is_too_old(server: DevServer, client: Client) -> None:
    """Half an hour later its form is refused; and very many open pages push out the oldest."""
    page = client.page()
    old = server.issuer._clock
    server.issuer._clock = lambda: old() + 1801
    assert client.answer(page).status_code == 400
    server.issuer._clock = old


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("POST /token HTTP/1.1\nHost: 127.0.0.1\nTransfer-Encoding: chunked", 411),
        ("POST /token HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 1\nContent-Length: 2", 411),
        ("POST /token HTTP/1.1\nHost: 127.0.0.1\nContent-Length: -1", 411),
        ("POST /token HTTP/1.1\nHost: 127.0.0.1\nContent-Length: x", 411),
        ("POST /token HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 999999999999999999999", 413),
        ("POST /token HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 300000", 413),
        (f"POST /token HTTP/1.1\nHost: 127.0.0.1\nContent-Length: {'0' * 12}{'9' * 11}", 413),
        (f"POST /token HTTP/1.1\nHost: 127.0.0.1\nContent-Length: {'0' * 5000}", 400),
        ("POST /token HTTP/1.1\nHost: 127.0.0.1", 400),
        ("PUT /token HTTP/1.1\nHost: 127.0.0.1", 501),
        ("POST / HTTP/1.1\nHost: 127.0.0.1", 405),
        ("GET //evil.example/ HTTP/1.1\nHost: 127.0.0.1", 404),
        ("GET http://evil.example/keys HTTP/1.1\nHost: 127.0.0.1", 200),
        ("GET http://evil.example/keys HTTP/1.1\nHost: evil.example", 421),
        ("GET http://[/keys HTTP/1.1\nHost: 127.0.0.1", 200),
        ("OPTIONS /authorize HTTP/1.1\nHost: 127.0.0.1\nOrigin: http://localhost:1", 405),
        ("HEAD /keys HTTP/1.1\nHost: 127.0.0.1", 200),
    ],
)
def test_odd_requests_are_refused(lines: str, status: int, client: Client) -> None:
    """Smuggling, floods, odd methods and paths: an answer, and never an error of ours."""
    assert raw(client, lines)[0] == status


@pytest.mark.parametrize("body", [b"\xff=\xff", b"a=%FF", b"&".join([b"a=b"] * 300), b"\x00"])
@pytest.mark.parametrize(
    "path", ["/token", "/authorize", "/introspect", "/revoke", "/logout", "/control/rotate"]
)
def test_bodies_that_are_no_form(path: str, body: bytes, client: Client) -> None:
    """A refusal, never an error of ours."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post(path, body, headers=kind).status_code in (200, 400, 401, 403)
    assert client.post(path, body, headers={"Content-Type": "text/plain"}).status_code in (400, 403)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"sub": 1}', b'{"audience": "x"}', b'{"audience": [1]}', b'{"claims": []}',
     b'{"expires_in": "x"}', b'{"expires_in": 1e999}', b'{"jkt": []}', b"\xff", b"[" * 5000,
     b'{"sub": "' + b"a" * 2000 + b'"}'],
)  # fmt: skip
def test_odd_requests_of_the_command(body: bytes, client: Client) -> None:
    """A refusal, never an error of ours."""
    assert (
        client.post("/control/token", body, headers={"Content-Type": "application/json"}).status_code == 400
    )


def test_a_name_beyond_this_machine_is_answered_only_where_it_was_given() -> None:
    """``--issuer-url`` names the host that others use; no further one is answered."""
    with DevServer(Options(port=0, issuer_url="http://issuer:8999", unsafe_bind=True)) as server:
        client = Client(server)
        for host, status in (("issuer:8999", 200), ("ISSUER", 200), ("127.0.0.1", 200), ("other:8999", 421)):
            assert client.get("/keys", headers={"Host": host}).status_code == status
        assert client.get(DOCUMENTS[0]).json()["issuer"] == "http://issuer:8999"


@pytest.mark.parametrize(
    ("settings", "admits"),
    [({"ALLOW_FAKE_ISSUER": False}, False), ({"ALLOW_FAKE_ISSUER": True}, True), ({}, True)],
    ids=["refuses", "allows", "unknown"],
)
@pytest.mark.parametrize("mode", ["opaque", "always"])
def test_answers_about_tokens_let_nobody_into_production(
    mode: str, settings: dict[str, Any], admits: bool, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """A service that refuses the keys refuses the answers too; where nobody knows, the log is told."""
    own = {"INTROSPECTION": mode, "INTROSPECTION_CLIENT": {"ID": "api", "SECRET": "any"}}
    api = Authenticator({"ISSUER": client.url, "AUDIENCE": "api", **own, **settings})
    opaque = made(client, kind="opaque")
    asked = Credentials.from_headers([("Authorization", f"Bearer {opaque}")], method="GET", url="http://api/")
    with nullcontext() if admits else pytest.raises(KeySourceError, match="FakeIssuer"):
        token = api.authenticate(asked)
        assert token is not None
        assert (token.subject, "jwks_auth_fake_issuer" in token.claims) == ("ada", False)
    assert ("are a FakeIssuer's" in caplog.text) == (settings == {})


def test_paths_that_are_none_are_not_kept(server: DevServer, client: Client) -> None:
    """A website with many pictures fills no memory; a path of ours is counted."""
    for number in range(20):
        assert client.get(f"/picture-{number}").status_code == 404
    client.get(DOCUMENTS[0])
    assert dict(server.issuer.requests) == {DOCUMENTS[0]: 1}
