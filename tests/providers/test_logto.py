"""Logto: "How to validate access tokens in your API service or backend", "API resources", "Organization tokens"."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://acme.logto.app/oidc"
API = "https://orders.acme.dev"
USER = {
    "jti": "V1StGXR8_Z5jdHi6B-myT",
    "sub": "qpimpgvqqz4m",
    "iss": ISSUER,
    "aud": API,
    "client_id": "9tfkmkdwxfaxm5gm4b4j4",
    "scope": "read:orders write:orders",
}
SERVICE = {**USER, "sub": "m2mapp", "client_id": "m2mapp", "scope": "read:orders"}
ORGANISATION = {**USER, "aud": "urn:logto:organization:org1", "organization_id": "org1"}
ID_TOKEN = {"sub": USER["sub"], "iss": ISSUER, "aud": USER["client_id"], "sid": "s"}


class TestLogto(ProviderTests):
    """Access tokens are named so in their header."""

    documented = Documented(
        settings={"PROVIDER": "logto", "ISSUER": ISSUER, "AUDIENCE": API},
        keys_at="https://acme.logto.app/oidc/jwks",
        alg="ES384",
        header={"typ": "at+jwt"},
        key={"use": "sig"},
        tokens={
            "user": Token(
                claims=USER,
                read={"client_id": "9tfkmkdwxfaxm5gm4b4j4", "scopes": {"read:orders", "write:orders"}},
            ),
            "service": Token(claims=SERVICE, read={"is_service": True}),
            "an organisation's": Token(
                claims=ORGANISATION, settings={"AUDIENCE": "urn:logto:organization:org1"}
            ),
            "RFC 9068": Token(claims=USER, settings={"PROFILE": "rfc9068"}),
            "ID token": Token(claims=ID_TOKEN, header={"typ": "JWT"}, code="wrong_type"),
            "ID token without a type": Token(claims=ID_TOKEN, header={}, code="wrong_type"),
            "another organisation's": Token(claims=ORGANISATION, code="wrong_audience"),
            "another tenant's": Token(
                claims={**USER, "iss": "https://evil.logto.app/oidc"}, code="wrong_issuer"
            ),
            "another client's": Token(
                claims=USER, settings={"ALLOWED_CLIENTS": "m2mapp"}, code="wrong_client"
            ),
        },
        mistakes=(
            (
                {"ISSUER": "https://acme.logto.app/"},
                r'\["ISSUER"\]: found .*expected for provider logto .*/oidc',
            ),
            ({"AUDIENCE": None}, r'\["AUDIENCE"\] is missing: .*API resource indicator'),
        ),
    )
