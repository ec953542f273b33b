"""Clerk: "Session tokens", versions 1 and 2, "Manual JWT verification", "JWT templates"."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://clerk.acme.dev"
APP = "https://acme.dev"
USER = {
    "azp": APP,
    "fva": [7, -1],
    "iss": ISSUER,
    "nbf": 1713158390,
    "sid": "sess_123",
    "sub": "user_123",
    "v": 2,
    "sts": "active",
    "o": {"id": "org_123", "slg": "acme", "rol": "admin", "per": "read,manage", "fpm": "3"},
}
V1_USER = {
    "azp": APP,
    "iss": ISSUER,
    "sid": "sess_123",
    "sub": "user_123",
    "org_id": "org_123",
    "org_role": "org:admin",
    "org_permissions": ["org:orders:read"],
}


class TestClerk(ProviderTests):
    """The frontend's origins instead of an audience, which session tokens do not have."""

    documented = Documented(
        settings={"PROVIDER": "clerk", "ISSUER": ISSUER, "ALLOWED_CLIENTS": [APP, "https://admin.acme.dev"]},
        keys_at="https://clerk.acme.dev/.well-known/jwks.json",
        tokens={
            "user": Token(claims=USER, read={"client_id": APP, "audience": (), "roles": {"admin"}}),
            "user, version 1": Token(
                claims=V1_USER, read={"roles": {"org:admin"}, "permissions": {"org:orders:read"}}
            ),
            "without an organisation": Token(claims={**USER, "o": None}, read={"roles": set()}),
            "of a template, for an audience": Token(
                claims={**USER, "aud": "orders"}, settings={"AUDIENCE": "orders", "ALLOWED_CLIENTS": None}
            ),
            "of a template, for another audience": Token(
                claims={**USER, "aud": "hr"}, settings={"AUDIENCE": "orders"}, code="wrong_audience"
            ),
            "for no audience, where one is said": Token(
                claims=USER, settings={"AUDIENCE": "orders"}, code="wrong_audience"
            ),
            "not signed in to the end": Token(claims={**USER, "sts": "pending"}, code="wrong_type"),
            "another origin's": Token(claims={**USER, "azp": "https://evil.dev"}, code="wrong_client"),
            "another origin's, with a client_id of its user's": Token(
                claims={**USER, "azp": "https://evil.dev", "client_id": APP}, code="wrong_client"
            ),
            "no origin's": Token(claims={**USER, "azp": None}, code="wrong_client"),
            "another instance's": Token(
                claims={**USER, "iss": "https://clerk.evil.dev"}, code="wrong_issuer"
            ),
            "ID token": Token(claims={**USER, "aud": "client", "at_hash": "h"}, code="wrong_type"),
        },
        mistakes=(
            (
                {"ALLOWED_CLIENTS": None},
                r'\["ALLOWED_CLIENTS"\] is missing: for provider clerk it is .https://<origin',
            ),
            ({"ISSUER": ISSUER + "/"}, r"only the slash at the end differs"),
            ({"ISSUER": "acme.clerk.accounts.dev"}, r'\["ISSUER"\]: found'),
        ),
    )
