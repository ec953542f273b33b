"""Auth0: its documentation's "Access Token Profiles", "ID Token Structure", "Validate Access Tokens"."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://acme.eu.auth0.com/"
API = "https://orders.acme.dev"
USER = {
    "iss": ISSUER,
    "sub": "auth0|507f1f77bcf86cd799439011",
    "aud": [API, "https://acme.eu.auth0.com/userinfo"],
    "azp": "my_client_id",
    "scope": "openid profile read:orders",
    "permissions": ["read:orders"],
    "https://acme.dev/roles": ["ops"],
}
SERVICE = {
    "iss": ISSUER,
    "sub": "my_m2m_id@clients",
    "aud": API,
    "azp": "my_m2m_id",
    "gty": "client-credentials",
    "scope": "read:orders",
}
RFC9068 = {**USER, "azp": None, "client_id": "my_client_id", "jti": "e9cs7UCUNHVBFrdwsDnN8o"}
ID_TOKEN = {"iss": ISSUER, "sub": USER["sub"], "aud": "my_client_id", "name": "Jane Doe", "sid": "s"}
BOTH = {"AUDIENCE": [API, "my_client_id"]}


class TestAuth0(ProviderTests):
    """Its own profile of access tokens, and that of RFC 9068."""

    documented = Documented(
        settings={"PROVIDER": "auth0", "ISSUER": ISSUER, "AUDIENCE": API},
        keys_at="https://acme.eu.auth0.com/.well-known/jwks.json",
        key={"alg": "RS256", "use": "sig", "x5t": "NjQ4QjM5RDMxOTg"},
        tokens={
            "user": Token(
                claims=USER,
                read={
                    "client_id": "my_client_id",
                    "scopes": {"openid", "profile", "read:orders"},
                    "permissions": {"read:orders"},
                    "roles": set(),
                    "is_service": False,
                },
            ),
            "an Action's roles": Token(
                claims=USER, settings={"ROLES_CLAIM": "https://acme.dev/roles"}, read={"roles": {"ops"}}
            ),
            "service": Token(claims=SERVICE, read={"scopes": {"read:orders"}, "is_service": True}),
            "RFC 9068": Token(claims=RFC9068, header={"typ": "at+jwt"}, read={"client_id": "my_client_id"}),
            "RFC 9068 alone": Token(
                claims=RFC9068, header={"typ": "at+jwt"}, settings={"PROFILE": "rfc9068"}
            ),
            "ID token": Token(claims=ID_TOKEN, code="wrong_type"),
            "ID token, its client among the audiences": Token(
                claims=ID_TOKEN, settings=BOTH, code="wrong_type"
            ),
            "ID token with a nonce": Token(
                claims={**ID_TOKEN, "nonce": "n"}, settings=BOTH, code="wrong_type"
            ),
            "another API's": Token(claims={**USER, "aud": "https://billing.acme.dev"}, code="wrong_audience"),
            "another tenant's": Token(
                claims={**USER, "iss": "https://evil.eu.auth0.com/"}, code="wrong_issuer"
            ),
            "another client's": Token(
                claims=USER, settings={"ALLOWED_CLIENTS": ["my_m2m"]}, code="wrong_client"
            ),
        },
        mistakes=(
            (
                {"ISSUER": None},
                r'^JWKS_AUTH\["ISSUER"\] is missing: for provider auth0 it is .https://<tenant>',
            ),
            (
                {"ISSUER": ISSUER[:-1]},
                r'^JWKS_AUTH\["ISSUER"\]: found .* only the slash at the end differs, write',
            ),
            (
                {"ISSUER": "acme.eu.auth0.com"},
                r'\["ISSUER"\]: found .acme.eu.auth0.com., expected for provider auth0',
            ),
            ({"AUDIENCE": None}, r'\["AUDIENCE"\] is missing: for provider auth0 it is .https://<this API'),
            ({"AUDIENCE": ISSUER + "userinfo"}, r'\["AUDIENCE"\]: found .*userinfo endpoint'),
            ({"AUDIENCE": ISSUER + "api/v2/"}, r'\["AUDIENCE"\]: found .*Management API'),
        ),
    )
