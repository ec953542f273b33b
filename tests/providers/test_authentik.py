"""authentik: "OAuth 2.0 provider", "Scopes and claims"; what its ``IDToken`` writes for either kind of token."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://id.acme.dev/application/o/orders/"
CLIENT = "aBcDeFgHiJkLmNoPqRsT"
BOTH_KINDS = {
    "iss": ISSUER,
    "sub": "b3f2c1",
    "aud": CLIENT,
    "auth_time": 1600000000,
    "acr": "goauthentik.io/providers/oauth2/default",
    "amr": ["pwd"],
    "sid": "5d41",
    "email": "jane@acme.dev",
    "preferred_username": "jane",
    "groups": ["staff", "authentik Admins"],
}
USER = {**BOTH_KINDS, "azp": CLIENT, "uid": "ZHWNQ2nwAjd4N0", "scope": "openid profile"}
ID_TOKEN = {**BOTH_KINDS, "at_hash": "h", "nonce": "n"}


class TestAuthentik(ProviderTests):
    """Either kind of token has the client as its audience; access tokens have a ``uid``."""

    documented = Documented(
        settings={"PROVIDER": "authentik", "ISSUER": ISSUER, "AUDIENCE": CLIENT},
        keys_at="https://id.acme.dev/application/o/orders/jwks/",
        tokens={
            "user": Token(
                claims=USER,
                read={
                    "client_id": CLIENT,
                    "roles": {"staff", "authentik Admins"},
                    "scopes": {"openid", "profile"},
                },
            ),
            "service": Token(
                claims={"iss": ISSUER, "sub": "x", "aud": CLIENT, "azp": CLIENT, "uid": "u"},
                read={"roles": set()},
            ),
            "ID token, asked for": Token(
                claims=ID_TOKEN,
                settings={"PROFILE": "id_token"},
                read={"roles": {"staff", "authentik Admins"}},
            ),
            "ID token": Token(claims=ID_TOKEN, code="wrong_type"),
            "ID token without hash and nonce": Token(claims=BOTH_KINDS, code="wrong_type"),
            "another application's": Token(
                claims={**USER, "iss": ISSUER.replace("orders", "wiki")}, code="wrong_issuer"
            ),
            "for another client": Token(
                claims={**USER, "aud": "other", "azp": "other"}, code="wrong_audience"
            ),
            "another client's": Token(
                claims=USER, settings={"ALLOWED_CLIENTS": "other"}, code="wrong_client"
            ),
        },
        mistakes=(
            ({"ISSUER": ISSUER[:-1]}, r"only the slash at the end differs"),
            ({"AUDIENCE": None}, r'\["AUDIENCE"\] is missing: for provider authentik'),
        ),
    )
