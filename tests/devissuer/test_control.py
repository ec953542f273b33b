"""The control page: tokens with any claims, keys, and faults on demand."""

from __future__ import annotations

import html
import json
import re
import socket
from typing import Any

import pytest
import requests

from jwks_auth import InvalidTokenError, Issuer, KeySourceError, TokenVerifier
from jwks_auth.devissuer import DevServer
from tests.devissuer.client import Client
from tests.patience import PATIENCE, eventually

DISCOVERY = "/.well-known/openid-configuration"


def service(server: DevServer, **options: Any) -> TokenVerifier:
    """A service that trusts it."""
    return TokenVerifier(Issuer(server.issuer.issuer, **options), "api", allow_fake_issuer=True)


def made(client: Client, **fields: Any) -> str:
    """The token that the page makes."""
    answer = client.control("token", **{"sub": "ada", "audience": "api", "expires_in": "300", **fields})
    assert answer.status_code == 200, answer.text
    return html.unescape(re.findall(r'<textarea name="token"[^>]*>([^<]+)<', answer.text)[0])


def test_a_token_with_any_claims(server: DevServer, client: Client) -> None:
    """They replace the page's own, ``null`` leaves one out, and all of it is shown decoded."""
    fields = {
        "scope": "orders:read",
        "roles": "ops dev",
        "claims": '{"tier": "gold", "sub": "other", "name": null}',
    }
    answer = client.control("token", sub="ada", audience="api", expires_in="60", **fields)
    assert html.escape('"tier": "gold"') in answer.text
    assert html.escape('"alg": "RS256"') in answer.text
    token = service(server).verify(made(client, **fields))
    assert (token.subject, token["tier"], token.roles, token.scopes) == (
        "other", "gold", {"ops", "dev"}, {"orders:read"},
    )  # fmt: skip
    assert "name" not in token.claims
    assert token["email"] == "ada@example.com"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"expires_in": "-60"}, "expired"),
        ({"audience": "other"}, "wrong_audience"),
        ({"kind": "logout"}, "wrong_type"),
        ({"claims": '{"iss": "https://other.example"}'}, "wrong_issuer"),
        ({"claims": '{"exp": null}'}, "missing_claim"),
        ({"claims": '{"cnf": {"jkt": "x"}}'}, "bound_token"),
    ],
)
def test_tokens_that_a_service_refuses(
    fields: dict[str, str], code: str, server: DevServer, client: Client
) -> None:
    """Each for its reason."""
    with pytest.raises(InvalidTokenError) as refused:
        service(server).verify(made(client, **fields))
    assert refused.value.code == code


def test_kinds_of_tokens(server: DevServer, client: Client) -> None:
    """An opaque one is told of by introspection; those that are none of access have no scope."""
    opaque = made(client, kind="opaque", scope="a")
    assert client.introspected(opaque)["scope"] == "a"
    for kind in ("id", "logout"):
        claims = server.issuer.read(made(client, kind=kind, scope="a", audience="web"))
        assert claims is not None
        assert "scope" not in claims
        assert ("events" in claims) is (kind == "logout")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("token", {"sub": "ada", "expires_in": "x"}),
        ("token", {"sub": "ada", "expires_in": "nan"}),
        ("token", {"sub": "ada", "expires_in": "5", "claims": "{"}),
        ("token", {"sub": "ada", "expires_in": "5", "kind": "other"}),
        ("token", {"sub": "ada", "expires_in": "5", "kid": "other"}),
        ("rotate", {"alg": "none"}),
        ("withdraw", {"kid": "other"}),
        ("publish", {"kid": "other"}),
        ("fault", {"fault": "other", "delay": "0"}),
        ("fault", {"fault": "", "delay": "61"}),
        ("fault", {"fault": "", "delay": "-1"}),
        ("tokens", {"lifetime": "0"}),
        ("tokens", {"lifetime": "1e9"}),
    ],
)
def test_forms_with_nonsense(path: str, fields: dict[str, str], client: Client) -> None:
    """Told on the page."""
    answer = client.control(path, **fields)
    assert (answer.status_code, 'class="problem"' in answer.text) == (400, True)


def test_rotation_withdrawal_and_return(server: DevServer, client: Client) -> None:
    """A service learns of a new key, refuses one that is gone, and takes it once it is back."""
    verifier = service(server, cooldown_duration=0)
    old = server.issuer.kid
    stolen = made(client)
    assert verifier.verify(stolen)
    client.control("rotate", alg="ES256")
    new = made(client)
    assert verifier.verify(new).header["alg"] == "ES256"
    client.control("withdraw", kid=old)
    assert "withdrawn" in client.get("/keys?done=withdrawn").text
    verifier.issuers[0].client.warm_up(refresh=True)
    with pytest.raises(InvalidTokenError, match="unknown key"):
        verifier.verify(stolen)
    assert server.issuer.read(made(client, kid=old)) is None
    client.control("publish", kid=old)
    verifier.issuers[0].client.warm_up(refresh=True)
    assert verifier.verify(stolen)


def test_what_is_withdrawn_signs_only_if_nothing_else_is_left(server: DevServer, client: Client) -> None:
    """A provider without any key is one more fault to try."""
    old = server.issuer.kid
    new = server.issuer.renew("ES256")
    client.control("withdraw", kid=new)
    assert server.issuer.kid == old
    client.control("withdraw", kid=old)
    assert server.issuer.kid == new
    assert "signs, but is withdrawn" in client.get("/keys").text


@pytest.mark.parametrize("fault", ["error", "broken", "drop", "junk"])
def test_faults(fault: str, server: DevServer, client: Client) -> None:
    """A service without keys answers 503; the control page stays up, and ends it."""
    client.control("fault", fault=fault, delay="0")
    with pytest.raises(KeySourceError):
        service(server).verify(made(client))
    if fault == "drop":
        with pytest.raises(requests.ConnectionError):
            client.get(DISCOVERY)
    else:
        assert client.get(DISCOVERY).status_code == {"error": 503, "broken": 500, "junk": 200}[fault]
    assert client.get("/style.css").status_code == 200
    client.control("fault", fault="", delay="0")
    assert service(server).verify(made(client))


def test_it_slows_down(server: DevServer, client: Client) -> None:
    """By so many seconds for each answer, which the end of the server cuts short."""
    waited: list[float] = []

    class Clock:
        def wait(self, seconds: float) -> None:
            waited.append(seconds)

    server.app._stopped = Clock()
    client.control("fault", fault="", delay="7.5")
    assert client.get(DISCOVERY).status_code == 200
    assert client.get("/keys").status_code == 200
    assert waited == [7.5]


def test_everything_expires(client: Client) -> None:
    """Codes, refresh tokens, access tokens; and the page lists who is signed in until then."""
    got, code = client.tokens(), client.code()
    assert "<td>ada</td><td>web</td>" in client.get("/faults").text
    client.control("expire")
    assert client.redeem(code).status_code == 400
    assert client.refresh(got["refresh_token"]).status_code == 400
    assert not client.introspected(got["access_token"])["active"]
    assert "Nobody has signed in" in client.get("/faults?done=expired").text


def test_the_overview_has_what_to_type_and_what_was_asked(server: DevServer, client: Client) -> None:
    """The newest first; no query, which may hold secrets."""
    assert "Nothing yet." in client.get("/").text
    client.get(f"{DISCOVERY}?secret=1")
    client.post("/token", {})
    text = client.get("/").text
    assert f"export JWKS_AUTH_ISSUER={server.issuer.issuer} JWKS_AUTH_AUDIENCE=api" in text
    assert text.index("<td>POST</td><td><code>/token</code></td><td>400</td>") < text.index(
        DISCOVERY + "</code></td>"
    )
    assert "secret=1" not in text


def test_metadata_name_what_there_is(server: DevServer, client: Client) -> None:
    """Both documents, marked as a fake issuer's, and each endpoint answers something."""
    for path in (DISCOVERY, "/.well-known/oauth-authorization-server"):
        document = client.get(path).json()
        assert document["jwks_auth_fake_issuer"] is True
        for name, url in document.items():
            if name.endswith("_endpoint"):
                assert client.get(url.removeprefix(server.url)).status_code in (200, 400, 401, 405)
    assert json.loads(client.get("/.well-known/jwks.json").text)["jwks_auth_fake_issuer"] is True


def test_answers_without_a_query_that_can_be_read(client: Client) -> None:
    """A refusal, as a page."""
    for path in (
        "/keys?done=%FF",
        "/authorize?client_id=%FF",
        "/logout?id_token_hint=%FF",
        "/keys?done=a&done=b",
    ):
        assert client.get(path).status_code == 400


def test_nobody_waits_for_a_slow_client(client: Client) -> None:
    """Others are answered while one has sent half a request."""
    host, port = client.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as half:
        half.sendall(b"POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\n")
        assert client.get("/keys").status_code == 200


def test_it_hangs(server: DevServer, client: Client) -> None:
    """Silent for minutes, then gone; the end of the server cuts that short."""
    waited: list[float] = []

    class Clock:
        def wait(self, seconds: float) -> None:
            waited.append(seconds)

    server.app._stopped = Clock()
    client.control("fault", fault="hang", delay="0")
    with pytest.raises(requests.ConnectionError):
        client.get(DISCOVERY)
    assert waited == [600]


def test_it_is_a_fake_issuer_to_a_program(server: DevServer, client: Client) -> None:
    """With outages and counts, as in tests."""
    with server.issuer.outage("error"):
        assert client.get(DISCOVERY).status_code == 503
    assert client.get(DISCOVERY).status_code == 200
    assert server.issuer.requests[DISCOVERY] == 2


def test_an_error_of_ours_is_told_to_the_terminal(
    server: DevServer, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """And to nobody else."""

    def broken(request: Any) -> Any:
        raise LookupError("a fault of ours")

    server.app._places["/userinfo"].answers["GET"] = broken
    with pytest.raises(requests.ConnectionError):
        client.get("/userinfo")
    told: list[str] = []
    assert eventually(lambda: told.append(capsys.readouterr().err) or "a fault of ours" in "".join(told))
