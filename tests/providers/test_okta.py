"""Okta: "Validate access tokens", "Access token payload", "ID token payload" of custom authorization servers."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://acme.okta.com/oauth2/default"
API = "api://default"
USER = {
    "ver": 1,
    "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
    "iss": ISSUER,
    "aud": API,
    "sub": "00ujmkLgagxeRrAg20g3",
    "cid": "nmdP1fcyvdVO11AL7ECm",
    "uid": "00ujmkLgagxeRrAg20g3",
    "scp": ["openid", "orders"],
    "groups": ["Everyone", "Ops"],
}
SERVICE = {
    "ver": 1,
    "jti": "AT.x",
    "iss": ISSUER,
    "aud": API,
    "sub": "0oamachine",
    "cid": "0oamachine",
    "scp": ["orders"],
}
ID_TOKEN = {
    "ver": 1,
    "sub": "00uid4BxXw6I6TV4m0g3",
    "iss": ISSUER,
    "aud": "nmdP1fcyvdVO11AL7ECm",
    "jti": "ID.4eAWJOCMB3SX8XewDfVR",
    "auth_time": 1449624026,
    "amr": ["pwd"],
    "idp": "00o1",
}


class TestOkta(ProviderTests):
    """Custom authorization servers, ``default`` among them."""

    documented = Documented(
        settings={"PROVIDER": "okta", "ISSUER": ISSUER, "AUDIENCE": API},
        keys_at="https://acme.okta.com/oauth2/default/v1/keys",
        header={},
        tokens={
            "user": Token(
                claims=USER,
                read={
                    "client_id": "nmdP1fcyvdVO11AL7ECm",
                    "scopes": {"openid", "orders"},
                    "roles": {"Everyone", "Ops"},
                    "is_service": False,
                },
            ),
            "service": Token(claims=SERVICE, read={"scopes": {"orders"}, "roles": set(), "is_service": True}),
            "ID token": Token(claims=ID_TOKEN, code="wrong_type"),
            "ID token, its client among the audiences": Token(
                claims=ID_TOKEN, settings={"AUDIENCE": [API, "nmdP1fcyvdVO11AL7ECm"]}, code="wrong_type"
            ),
            "the org server's": Token(
                claims={**USER, "iss": "https://acme.okta.com", "aud": "https://acme.okta.com"},
                code="wrong_issuer",
            ),
            "another server's": Token(claims={**USER, "iss": ISSUER[:-7] + "aus9"}, code="wrong_issuer"),
            "another API's": Token(claims={**USER, "aud": "api://hr"}, code="wrong_audience"),
            "another client's": Token(
                claims=USER, settings={"ALLOWED_CLIENTS": "0oamachine"}, code="wrong_client"
            ),
        },
        mistakes=(
            ({"ISSUER": "https://acme.okta.com"}, r'\["ISSUER"\]: found .*/oauth2/<authorization server>'),
            ({"ISSUER": ISSUER + "/"}, r"only the slash at the end differs"),
        ),
    )
