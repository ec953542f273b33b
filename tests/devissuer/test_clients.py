"""Real OpenID clients sign somebody in: npm's openid-client, PyPI's Authlib."""

from __future__ import annotations

import secrets

from jwks_auth import Issuer, TokenVerifier
from jwks_auth.devissuer import DevServer
from tests.devissuer.client import BACK, Client
from tests.interop.oidc_provider import logged_in_by_node
from tests.needs import need_module
from tests.patience import PATIENCE


def test_openid_client_signs_in(server: DevServer) -> None:
    """Discovery, PKCE, ``iss``, ID token, userinfo, refresh, introspection, revocation, DPoP, logout; with nonces."""
    for nonces in (False, True):
        server.issuer.behaviour.nonces = nonces
        told = logged_in_by_node(server.issuer.issuer)
        assert (told["claims"]["sub"], told["claims"]["aud"], told["facts"]["name"]) == (
            "ada",
            "web",
            "Ada Lovelace",
        )
        assert (told["told"]["active"], told["told"]["aud"]) == (True, "https://api.example")
        assert told["over"] == {"active": False}
        assert told["job"].lower() == "bearer"
        assert [each.lower() for each in told["bound"]] == ["dpop", "ada", "dpop"]
        assert told["goodbye"] == BACK


def test_authlib_signs_in(server: DevServer, client: Client) -> None:
    """With PKCE; joserfc verifies the ID token by the key set, and a service the access token."""
    session = need_module("authlib.integrations.requests_client").OAuth2Session(
        "web",
        scope="openid offline_access orders:read",
        redirect_uri=BACK,
        code_challenge_method="S256",
        token_endpoint_auth_method="none",
    )
    session.trust_env = False
    found = client.get("/.well-known/openid-configuration").json()
    verifier = secrets.token_urlsafe(48)
    place, state = session.create_authorization_url(
        found["authorization_endpoint"], code_verifier=verifier, nonce="n"
    )
    back = client.answer(client.get(place.removeprefix(server.url))).headers["Location"]
    session.fetch_token(
        found["token_endpoint"],
        authorization_response=back,
        code_verifier=verifier,
        state=state,
        timeout=PATIENCE,
    )
    got = dict(session.token)
    keys = need_module("joserfc.jwk").KeySet.import_key_set(client.get("/.well-known/jwks.json").json())
    claims = need_module("joserfc.jwt").decode(got["id_token"], keys).claims
    assert (claims["sub"], claims["aud"], claims["nonce"]) == ("ada", "web", "n")
    service = TokenVerifier(Issuer(server.issuer.issuer), "api", allow_fake_issuer=True)
    assert service.verify(got["access_token"]).scopes >= {"orders:read"}
    session.refresh_token(found["token_endpoint"], timeout=PATIENCE)
    assert service.verify(session.token["access_token"]).subject == "ada"
    assert session.token["refresh_token"] != got["refresh_token"]
    session.close()
