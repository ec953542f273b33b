"""The dev issuer as a provider: its endpoints, as clients and services use them."""

from __future__ import annotations

from email.message import Message
from typing import Any
from urllib.parse import urlencode

import pytest

from jwks_auth import Issuer, TokenVerifier
from jwks_auth.devissuer import DevServer
from jwks_auth.devissuer.web import Request
from jwks_auth.testing import FakeClient
from tests.devissuer.client import BACK, Client


def verified(server: DevServer, raw: str, audience: str = "api") -> Any:
    """The token, as a service verifies it: keys discovered."""
    return TokenVerifier(Issuer(server.issuer.issuer), audience, allow_fake_issuer=True).verify(raw)


def test_a_code_becomes_tokens_that_a_service_accepts(server: DevServer, client: Client) -> None:
    """Picked, agreed to, redeemed: an access token of RFC 9068, an ID token, a refresh token."""
    back = client.back(client.answer(client.page()))
    assert (back["state"], back["iss"]) == ("s-1", server.issuer.issuer)
    answer = client.redeem(back["code"])
    assert answer.headers["Cache-Control"] == "no-store"
    got = answer.json()
    token = verified(server, got["access_token"])
    assert (token.subject, token.client_id, token.roles) == ("ada", "web", {"admin"})
    assert token.scopes == {"openid", "offline_access", "orders:read"}
    assert token["email"] == "ada@example.com"
    signed_in = verified(server, got["access_token"]).claims["auth_time"]
    ours = TokenVerifier(Issuer(server.issuer.issuer), "web", profile="id_token", allow_fake_issuer=True)
    identity = ours.verify(got["id_token"])
    assert (identity.subject, identity["nonce"], identity["auth_time"]) == ("ada", "n-1", signed_in)


def test_the_person_decides_on_scopes_roles_and_audience(server: DevServer, client: Client) -> None:
    """Fewer scopes than asked for, another one, another role, another service; and somebody new."""
    new = {"person": "new", "sub": "zoe", "name": "Zoë", "roles": "ops, dev", "claims": '{"tier": "gold"}'}
    chosen = {"scope": "openid", "more": "orders:write", "more_roles": "night", "audience": "api other"}
    got = client.redeem(client.back(client.answer(client.page(), **new, **chosen))["code"]).json()
    token = verified(server, got["access_token"], "other")
    assert (token.subject, token["name"], token["tier"]) == ("zoe", "Zoë", "gold")
    assert (token.scopes, token.roles) == ({"openid", "orders:write"}, {"ops", "dev", "night"})
    assert token.audience == ("api", "other")
    assert "refresh_token" not in got
    assert "Zoë" in client.page().text  # to pick the next time


@pytest.mark.parametrize("name", ["audience", "resource"])
def test_audience_or_resource_becomes_aud(name: str, server: DevServer, client: Client) -> None:
    """Auth0's word, and that of RFC 8707; several of them."""
    one = client.post(
        "/token", {"grant_type": "client_credentials", "client_id": "job", name: "https://a.example"}
    )
    assert verified(server, one.json()["access_token"], "https://a.example").subject == "job"
    two = {
        "grant_type": "client_credentials",
        "client_id": "job",
        name: ["https://a.example", "https://b.example"],
    }
    token = verified(server, client.post("/token", two).json()["access_token"], "https://b.example")
    assert token.audience == ("https://a.example", "https://b.example")
    page = client.page(**{name: "https://a.example"})
    assert 'value="https://a.example"' in page.text


def test_client_credentials(server: DevServer, client: Client) -> None:
    """A client of its own, by HTTP Basic with any secret, or named in the form; no refresh token."""
    form = {"grant_type": "client_credentials", "scope": "orders:read"}
    got = client.post("/token", form, auth=("a job", "any secret")).json()
    assert (got["token_type"], got["expires_in"], got["scope"]) == ("Bearer", 300, "orders:read")
    assert "refresh_token" not in got
    assert verified(server, got["access_token"]).client_id == "a job"
    assert client.post("/token", form).json()["error"] == "invalid_client"
    assert (
        client.post("/token", {**form, "scope": "openid"}, auth=("job", "x")).json()["error"]
        == "invalid_scope"
    )


def test_refresh_tokens_rotate_and_narrow(server: DevServer, client: Client) -> None:
    """Each use gives the next; fewer scopes may be asked for, never more."""
    got = client.tokens()
    more = client.refresh(got["refresh_token"], scope="orders:read orders:write")
    assert more.json()["error"] == "invalid_scope"
    less = client.refresh(got["refresh_token"], scope="orders:read").json()
    assert verified(server, less["access_token"]).scopes == {"orders:read"}
    again = client.refresh(less["refresh_token"]).json()
    assert "orders:write" not in again["scope"]
    assert "openid" in again["scope"]


def test_userinfo(client: Client) -> None:
    """The person's claims and no others; refusals are those of this library."""
    got = client.tokens()
    told = client.get("/userinfo", headers={"Authorization": f"Bearer {got['access_token']}"})
    assert told.json() == {
        "sub": "ada",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "email_verified": True,
        "roles": ["admin"],
    }
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        refused = client.get("/userinfo", headers=headers)
        assert (refused.status_code, "Bearer realm" in refused.headers["WWW-Authenticate"]) == (401, True)


def test_introspection_and_revocation(client: Client) -> None:
    """Active, then revoked; refresh tokens too; a token is revoked by its own client only."""
    got = client.tokens()
    assert client.introspected(got["access_token"])["sub"] == "ada"
    assert client.introspected(got["refresh_token"])["active"]
    assert client.introspected("nonsense") == {"active": False}
    forged = got["access_token"][:-4] + "AAAA"
    assert client.introspected(forged) == {"active": False}
    client.post("/revoke", {"token": got["access_token"], "client_id": "another"})
    assert client.introspected(got["access_token"])["active"]
    assert client.post("/revoke", {"token": got["access_token"], "client_id": "web"}).status_code == 200
    assert client.introspected(got["access_token"]) == {"active": False}
    assert client.post("/revoke", {"token": got["refresh_token"], "client_id": "web"}).status_code == 200
    assert client.refresh(got["refresh_token"]).json()["error"] == "invalid_grant"
    assert client.post("/revoke", {"token": "nonsense", "client_id": "web"}).status_code == 200
    assert client.post("/revoke", {"client_id": "web"}).status_code == 400
    assert client.post("/introspect", {"token": "x", "client_id": "web"}).status_code == 401


def test_introspection_is_signed_on_demand(server: DevServer, client: Client) -> None:
    """RFC 9701: for the service that asked, and of its own type."""
    got = client.tokens()
    answer = client.post(
        "/introspect",
        {"token": got["access_token"]},
        auth=("service", "x"),
        headers={"Accept": "application/token-introspection+jwt"},
    )
    claims = server.issuer.read(answer.text)
    assert claims is not None
    assert (claims["aud"], claims["token_introspection"]["sub"]) == ("service", "ada")


def test_a_service_asks_about_opaque_tokens(server: DevServer, client: Client) -> None:
    """With INTROSPECTION it verifies both kinds; userinfo knows them too."""
    client.control("tokens", lifetime="300", opaque="on")
    got = client.tokens()
    assert "." not in got["access_token"]
    headers = {"Authorization": f"Bearer {got['access_token']}"}
    assert client.get("/userinfo", headers=headers).json()["sub"] == "ada"
    assert client.introspected(got["access_token"])["sub"] == "ada"
    client.control("expire")
    assert client.introspected(got["access_token"]) == {"active": False}
    assert client.get("/userinfo", headers=headers).status_code == 401


def test_signing_out_ends_the_refresh_token_and_goes_back(client: Client) -> None:
    """The hint names whose and which client's; without one a page says that nobody is signed in."""
    got, other = client.tokens(), client.tokens(client_id="web")
    asked = {"id_token_hint": got["id_token"], "post_logout_redirect_uri": BACK, "state": "<x>"}
    answer = client.get("/logout", params=asked)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{BACK}?state=%3Cx%3E")
    for each in (got, other):
        assert client.refresh(each["refresh_token"]).status_code == 400
    assert client.introspected(got["access_token"]) == {"active": False}
    page = client.get("/logout", params={"post_logout_redirect_uri": BACK})
    assert (page.status_code, f'href="{BACK}"' in page.text) == (200, True)
    assert client.post("/logout", {"id_token_hint": got["id_token"]}).status_code == 200
    assert client.get("/logout", params={"id_token_hint": "nonsense"}).status_code == 200


def test_dpop_binds_the_token_the_code_and_the_refresh_token(server: DevServer, client: Client) -> None:
    """RFC 9449: the token names the key, and each use of the refresh token proves it."""
    sender = FakeClient(server.issuer, dpop=True)
    other = FakeClient(server.issuer, dpop=True)

    def proof(of: FakeClient = sender, **claims: Any) -> dict[str, str]:
        return {"DPoP": of.proof("POST", f"{client.url}/token", "", ath=None, **claims)}

    code = client.code(dpop_jkt=sender.key.thumbprint())
    got = client.redeem(code, headers=proof()).json()
    assert got["token_type"] == "DPoP"
    claims = server.issuer.read(got["access_token"])
    assert claims is not None
    assert claims["cnf"] == sender.confirmation
    headers = sender.headers("GET", f"{client.url}/userinfo", token=got["access_token"])
    assert client.get("/userinfo", headers=headers).json()["sub"] == "ada"
    stolen = {"Authorization": f"Bearer {got['access_token']}"}
    assert client.get("/userinfo", headers=stolen).status_code == 401
    for headers in (None, proof(other)):
        assert client.refresh(got["refresh_token"], headers=headers).json()["error"] == "invalid_dpop_proof"
    assert client.refresh(got["refresh_token"], headers=proof()).status_code == 200
    late = client.code(dpop_jkt=sender.key.thumbprint())
    assert client.redeem(late, headers=proof(other)).json()["error"] == "invalid_dpop_proof"


def test_a_nonce_is_asked_for_on_demand(server: DevServer, client: Client) -> None:
    """``use_dpop_nonce`` with the nonce; a proof that names it will do."""
    client.control("tokens", lifetime="300", nonces="on")
    sender = FakeClient(server.issuer, dpop=True)
    form = {"grant_type": "client_credentials", "client_id": "job"}

    def asked() -> Any:
        proof = sender.proof("POST", f"{client.url}/token", "", ath=None)
        return client.post("/token", form, headers={"DPoP": proof})

    first = asked()
    assert (first.status_code, first.json()["error"]) == (400, "use_dpop_nonce")
    sender.nonce = first.headers["DPoP-Nonce"]
    assert asked().json()["token_type"] == "DPoP"
    assert client.post("/token", form).json()["token_type"] == "Bearer"


def test_step_up(server: DevServer, client: Client) -> None:
    """``acr_values`` is told on the page, and is in the tokens."""
    page = client.page(acr_values="mfa pwd")
    assert "acr=mfa" in page.text
    got = client.redeem(client.back(client.answer(page))["code"]).json()
    assert verified(server, got["access_token"])["acr"] == "mfa"


def test_login_hint_picks(client: Client) -> None:
    """By identifier or e-mail address."""
    for hint in ("grace", "grace@example.com"):
        assert 'value="sub:grace" id="person-1" checked autofocus' in client.page(login_hint=hint).text
    assert 'value="sub:ada" id="person-0" checked autofocus' in client.page(login_hint="nobody").text


def test_refusing_tells_the_client(client: Client) -> None:
    """``access_denied``, with its state."""
    back = client.back(client.answer(client.page(), answer="deny"))
    assert (back["error"], back["state"]) == ("access_denied", "s-1")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "a\nb"}, "invalid_scope"),
        ({"scope": " ".join(map(str, range(101)))}, "invalid_scope"),
        ({"resource": "https://a.example#x"}, "invalid_target"),
        ({"request": "eyJ..."}, "request_not_supported"),
        ({"prompt": "none"}, "login_required"),
        ({"nonce": ["a", "b"]}, "invalid_request"),
    ],
)
def test_errors_go_back_to_the_client(changed: dict[str, Any], error: str, client: Client) -> None:
    """With its state, and the issuer's name (RFC 9207)."""
    back = client.back(client.page(**changed))
    assert (back["error"], back["state"], back["iss"]) == (error, "s-1", client.url)


def test_a_mistake_on_the_page_shows_it_again(client: Client) -> None:
    """Told in a sentence; the corrected form then works."""
    page = client.page()
    for new, told in (
        ({"claims": "{"}, "no JSON object"),
        ({"claims": "[]"}, "no JSON object"),
        ({"claims": "x" * 30_000}, "too long"),
        ({"claims": '{"iss": "other"}'}, "own"),
        ({"sub": ""}, "sub is missing"),
        ({"email": "a" * 201}, "email: expected"),
    ):
        page = client.answer(page, person="new", **{"sub": "zoe", **new})
        assert (page.status_code, told in page.text) == (400, True), page.text
    page = client.answer(page, person="sub:nobody")
    assert "Pick somebody" in page.text
    page = client.answer(page, more='a"b')
    assert page.status_code == 400
    assert "code" in client.back(client.answer(page))


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "a.b"}, "invalid_grant"),
        ({"grant_type": "authorization_code"}, "invalid_grant"),
        ({"grant_type": "client_credentials", "audience": "a b"}, "invalid_target"),
        ({"grant_type": ["client_credentials", "password"]}, "invalid_request"),
        ({"grant_type": "client_credentials", "client_id": "a\x7fb"}, "invalid_client"),
    ],
)
def test_refusals_of_the_token_endpoint(form: dict[str, Any], error: str, client: Client) -> None:
    """OAuth's own codes."""
    answer = client.post("/token", {"client_id": "web", **form})
    assert answer.json()["error"] == error
    assert answer.status_code == (401 if error == "invalid_client" else 400)


def test_tokens_expire_as_the_control_page_says(server: DevServer, client: Client) -> None:
    """And the answer says so."""
    client.control("tokens", lifetime="7")
    got = client.tokens()
    claims = server.issuer.read(got["access_token"])
    assert claims is not None
    assert (got["expires_in"], claims["exp"] - claims["iat"]) == (7, 7)


def test_a_client_names_itself_in_one_way(client: Client) -> None:
    """By HTTP Basic or in the form, with one name; what is no Basic counts for nothing."""
    form = {"grant_type": "client_credentials"}
    both = client.post("/token", {**form, "client_id": "other"}, auth=("job", "x"))
    assert both.json()["error"] == "invalid_request"
    secret = client.post("/token", {**form, "client_secret": "x"}, auth=("job", "x"))
    assert secret.json()["error"] == "invalid_request"
    for value in ("Basic ###", "Basic /w==", "Bearer x"):
        answer = client.post("/token", form, headers={"Authorization": value})
        assert answer.json()["error"] == "invalid_client"
        assert (
            client.post("/token", {**form, "client_id": "job"}, headers={"Authorization": value}).status_code
            == 200
        )


def test_an_audience_is_narrowed_never_widened(server: DevServer, client: Client) -> None:
    """When a token is refreshed for one service of several (RFC 8707 section 2.2)."""
    page = client.page(resource=["https://a.example", "https://b.example"])
    code = client.back(client.answer(page, audience="https://a.example https://b.example"))["code"]
    got = client.redeem(code).json()
    refused = client.refresh(got["refresh_token"], resource="https://c.example")
    assert refused.json()["error"] == "invalid_target"
    less = client.refresh(got["refresh_token"], resource="https://b.example").json()
    assert verified(server, less["access_token"], "https://b.example").audience == ("https://b.example",)


def test_signing_out_leaves_others_alone(client: Client) -> None:
    """Of another person, and of the same person at another client."""
    ada, grace = client.tokens(), None
    grace = client.redeem(client.back(client.answer(client.page(), person="sub:grace"))["code"]).json()
    client.client_id = "mobile"
    mobile = client.tokens()
    client.get("/logout", params={"id_token_hint": ada["id_token"]})
    assert client.refresh(mobile["refresh_token"]).status_code == 200
    client.client_id = "web"
    assert client.refresh(grace["refresh_token"]).status_code == 200
    assert client.refresh(ada["refresh_token"]).status_code == 400


def test_userinfo_is_over_with_its_grant(client: Client) -> None:
    """Although the token itself has not expired."""
    got = client.tokens()
    client.control("expire")
    answer = client.get("/userinfo", headers={"Authorization": f"Bearer {got['access_token']}"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_a_code_of_a_grant_that_is_over_is_refused(client: Client) -> None:
    """A second use finds nothing left to end."""
    code = client.code()
    got = client.redeem(code).json()
    client.post("/revoke", {"token": got["refresh_token"], "client_id": "web"})
    assert client.redeem(code).json()["error"] == "invalid_grant"


def test_very_many_pages_and_codes_push_out_the_oldest(server: DevServer, client: Client) -> None:
    """Whoever opens pages all day does not fill the memory."""
    first = client.page()
    for _ in range(500):
        server.app._places["/authorize"].answers["GET"](requested(client))
    assert client.answer(first).status_code == 400
    early = client.code()
    grant = server.issuer.grants._codes[early].grant
    for _ in range(1000):
        server.issuer.grants.code(grant, redirect_uri=BACK, challenge=client.challenge)
    assert client.redeem(early).status_code == 400


def requested(client: Client) -> Request:
    """A request for the page."""
    return Request("GET", "/authorize", urlencode(client.asked()), Message())
