"""FusionAuth: "JWTs & tokens: OAuth tokens", access token claims (``tty``), entities' permissions."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://auth.acme.dev"
APP = "8306958a-db30-48a6-a93c-27353669cb71"
ENTITY = "e6f2c1aa-0000-48a6-a93c-27353669cb71"
USER = {
    "applicationId": APP,
    "aud": APP,
    "auth_time": 1768344582,
    "authenticationType": "PASSWORD",
    "gty": ["password"],
    "iss": ISSUER,
    "jti": "4526e18a-5915-4c3b-b83c-af20c26330b4",
    "roles": ["patient"],
    "scope": "offline_access openid",
    "sid": "c59e6f96-86c8-42f7-ad66-766694f21e9e",
    "sub": "ca565f40-da28-448f-9140-b01381c7d825",
    "tid": "5ba05e07-b2d6-4f53-f424-a986bd483e4d",
    "tty": "at",
}
SERVICE = {
    "aud": ENTITY,
    "iss": ISSUER,
    "sub": "batch-entity",
    "gty": ["client_credentials"],
    "permissions": {ENTITY: ["read"], "other": ["write"]},
    "scope": f"target-entity:{ENTITY}:read",
    "tty": "at",
}
ID_TOKEN = {
    "aud": APP,
    "iss": ISSUER,
    "sub": USER["sub"],
    "at_hash": "h",
    "email": "j@acme.dev",
    "nonce": "n",
}


class TestFusionauth(ProviderTests):
    """Applications and entities."""

    documented = Documented(
        settings={"PROVIDER": "fusionauth", "ISSUER": ISSUER, "AUDIENCE": [APP, ENTITY]},
        keys_at=ISSUER + "/.well-known/jwks.json",
        tokens={
            "user": Token(
                claims=USER,
                read={"roles": {"patient"}, "scopes": {"offline_access", "openid"}, "is_service": False},
            ),
            "service": Token(claims=SERVICE, read={"permissions": {"read"}, "is_service": True}),
            "a tenant whose issuer is no URL": Token(
                claims={**USER, "iss": "acme.com"},
                settings={"ISSUER": "acme.com"},
                read={"issuer": "acme.com"},
            ),
            "ID token, asked for": Token(claims=ID_TOKEN, settings={"PROFILE": "id_token"}),
            "ID token": Token(claims=ID_TOKEN, code="wrong_type"),
            "another kind of token": Token(claims={**USER, "tty": "pt"}, code="wrong_type"),
            "for another application": Token(claims={**USER, "aud": "other"}, code="wrong_audience"),
            "another tenant's": Token(claims={**USER, "iss": "https://evil.dev"}, code="wrong_issuer"),
        },
        mistakes=(
            ({"ISSUER": None}, r'\["ISSUER"\] is missing: for provider fusionauth'),
            ({"AUDIENCE": None}, r'\["AUDIENCE"\] is missing: .*application id'),
            ({"ISSUER": "acme.com", "JWKS": None}, r'\["JWKS_URI"\]'),
        ),
    )
