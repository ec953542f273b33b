"""Keycloak: "Server Administration Guide", audience support, client and realm roles; tokens of version 26."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://sso.acme.dev/realms/acme"
API = "orders.api"
USER = {
    "jti": "onrtac:1d1b6c6e-62a4",
    "iss": ISSUER,
    "aud": [API, "account"],
    "sub": "f1888f4d-5172-4359-be0c-af338505d86c",
    "typ": "Bearer",
    "azp": "web",
    "sid": "8ff3d1b5",
    "acr": "1",
    "allowed-origins": ["https://web.acme.dev"],
    "realm_access": {"roles": ["offline_access", "staff"]},
    "resource_access": {
        API: {"roles": ["clerk"]},
        "web": {"roles": ["admin"]},
        "account": {"roles": ["manage-account"]},
    },
    "scope": "openid email orders",
    "preferred_username": "jdoe",
    "email": "jdoe@acme.dev",
}
SERVICE = {
    "iss": ISSUER,
    "aud": API,
    "sub": "8d9fbd5e-bc3d",
    "typ": "Bearer",
    "azp": "batch",
    "client_id": "batch",
    "clientHost": "10.0.0.1",
    "resource_access": {API: {"roles": ["importer"]}},
    "scope": "orders",
    "preferred_username": "service-account-batch",
}
ID_TOKEN = {
    "iss": ISSUER,
    "aud": API,
    "sub": USER["sub"],
    "typ": "ID",
    "azp": API,
    "sid": "8ff3d1b5",
    "acr": "1",
    "preferred_username": "jdoe",
}


class TestKeycloak(ProviderTests):
    """Realm roles, and the client roles of the API's own client."""

    documented = Documented(
        settings={"PROVIDER": "keycloak", "ISSUER": ISSUER, "AUDIENCE": API},
        keys_at="https://sso.acme.dev/realms/acme/protocol/openid-connect/certs",
        key={"use": "sig", "alg": "RS256", "x5t": "rc2wuR"},
        tokens={
            "user": Token(
                claims=USER,
                read={
                    "client_id": "web",
                    "roles": {"offline_access", "staff", "clerk"},
                    "scopes": {"openid", "email", "orders"},
                    "is_service": False,
                },
            ),
            "service": Token(
                claims=SERVICE, read={"client_id": "batch", "roles": {"importer"}, "is_service": True}
            ),
            "DPoP's typ": Token(claims={**SERVICE, "typ": "DPoP"}, read={"client_id": "batch"}),
            "RFC 9068's type in the header": Token(claims=USER, header={"typ": "at+jwt"}),
            "roles that its own client wrote": Token(
                claims={**SERVICE, "resource_access": {"batch": {"roles": ["admin"]}}}, read={"roles": set()}
            ),
            "roles of two audiences": Token(
                claims=USER,
                settings={"AUDIENCE": [API, "web"]},
                read={"roles": {"offline_access", "staff", "clerk", "admin"}},
            ),
            "roles where the user says": Token(
                claims=USER,
                settings={"ROLES_CLAIM": "resource_access.account.roles"},
                read={"roles": {"manage-account"}},
            ),
            "roles of foreign shapes": Token(
                claims={**USER, "realm_access": 7, "resource_access": {API: ["x"]}}, read={"roles": set()}
            ),
            "any audience of some clients": Token(
                claims={**USER, "resource_access": {"{audience}": {"roles": ["admin"]}}},
                settings={"AUDIENCE": "ANY_AUDIENCE", "ALLOWED_CLIENTS": ["web"]},
                read={"roles": {"offline_access", "staff"}},
            ),
            "ID token": Token(claims=ID_TOKEN, code="wrong_type"),
            "refresh token": Token(claims={**USER, "typ": "Refresh"}, code="wrong_type"),
            "logout token": Token(claims={**USER, "typ": "Logout"}, code="wrong_type"),
            "a registration's token": Token(claims={**USER, "typ": "InitialAccessToken"}, code="wrong_type"),
            "for the account console": Token(claims={**USER, "aud": "account"}, code="wrong_audience"),
            "another realm's": Token(claims={**USER, "iss": ISSUER + "2"}, code="wrong_issuer"),
            "another client's": Token(
                claims=USER, settings={"ALLOWED_CLIENTS": "batch"}, code="wrong_client"
            ),
        },
        mistakes=(
            (
                {"ISSUER": "https://sso.acme.dev"},
                r'\["ISSUER"\]: found .*expected for provider keycloak .*/realms/<realm>',
            ),
            ({"ISSUER": ISSUER + "/"}, r"only the slash at the end differs, write .*realms/acme'"),
            ({"ISSUER": ISSUER + "/protocol/openid-connect/token"}, r'\["ISSUER"\]: found'),
            (
                {"AUDIENCE": None},
                r'\["AUDIENCE"\] is missing: for provider keycloak it is .<this API.s client id>',
            ),
            ({"AUDIENCE": "account"}, r'\["AUDIENCE"\]: found .account., which is every user'),
            ({"AUDIENCE": [API, "account"]}, r'\["AUDIENCE"\]: found .account'),
            (
                {"AUDIENCE": "realm-management"},
                r'\["AUDIENCE"\]: found .realm-management., which is Keycloak.s own',
            ),
            ({"AUDIENCE": "ANY_AUDIENCE"}, r'\["AUDIENCE"\] is ANY_AUDIENCE'),
        ),
    )
