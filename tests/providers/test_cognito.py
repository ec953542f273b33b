"""Amazon Cognito: "Understanding the access token", "Understanding the identity token", "Verifying JSON web tokens"."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE"
CLIENT = "xxxxxxxxxxxxexample"
USER = {
    "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "cognito:groups": ["testgroup"],
    "iss": ISSUER,
    "version": 2,
    "client_id": CLIENT,
    "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "event_id": "64f513be-32db-42b0-b78e-b02127b4f463",
    "token_use": "access",
    "scope": "phone openid profile email",
    "auth_time": 1676312777,
    "jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "username": "my-test-user",
}
SERVICE = {
    "sub": "machineclient",
    "token_use": "access",
    "scope": "orders/read",
    "iss": ISSUER,
    "version": 2,
    "jti": "j",
    "client_id": "machineclient",
}
ID_TOKEN = {
    "sub": USER["sub"],
    "cognito:groups": ["testgroup"],
    "email_verified": True,
    "iss": ISSUER,
    "cognito:username": "my-test-user",
    "origin_jti": "o",
    "aud": CLIENT,
    "event_id": "e",
    "token_use": "id",
    "auth_time": 1676312777,
    "email": "my-test-user@example.com",
}
AS_ID = {"PROFILE": "id_token", "AUDIENCE": CLIENT, "ALLOWED_CLIENTS": None}


class TestCognito(ProviderTests):
    """Clients instead of an audience, which access tokens do not have."""

    documented = Documented(
        settings={"PROVIDER": "cognito", "ISSUER": ISSUER, "ALLOWED_CLIENTS": [CLIENT, "machineclient"]},
        keys_at=ISSUER + "/.well-known/jwks.json",
        header={},
        key={"use": "sig", "alg": "RS256", "e": "AQAB"},
        tokens={
            "user": Token(
                claims=USER,
                read={
                    "client_id": CLIENT,
                    "audience": (),
                    "roles": {"testgroup"},
                    "scopes": {"phone", "openid", "profile", "email"},
                    "is_service": False,
                },
            ),
            "service": Token(claims=SERVICE, read={"scopes": {"orders/read"}, "is_service": True}),
            "bound to a resource": Token(
                claims={**USER, "aud": "https://orders.acme.dev"},
                settings={"AUDIENCE": "https://orders.acme.dev", "ALLOWED_CLIENTS": None},
                read={"audience": ("https://orders.acme.dev",)},
            ),
            "ID token, asked for": Token(claims=ID_TOKEN, settings=AS_ID, read={"roles": {"testgroup"}}),
            "ID token": Token(claims=ID_TOKEN, code="wrong_type"),
            "access token, where ID tokens are asked for": Token(
                claims={**USER, "aud": CLIENT}, settings=AS_ID, code="wrong_type"
            ),
            "bound to another resource": Token(
                claims={**USER, "aud": "https://hr.acme.dev"},
                settings={"AUDIENCE": "https://orders.acme.dev"},
                code="wrong_audience",
            ),
            "without its use": Token(claims={**USER, "token_use": None}, code="wrong_type"),
            "another client's": Token(claims={**USER, "client_id": "evil"}, code="wrong_client"),
            "another pool's": Token(claims={**USER, "iss": ISSUER + "2"}, code="wrong_issuer"),
        },
        mistakes=(
            (
                {"ALLOWED_CLIENTS": None},
                r'^JWKS_AUTH\["ALLOWED_CLIENTS"\] is missing: for provider cognito it is .<app',
            ),
            ({"ALLOWED_CLIENTS": None, "PROFILE": "id_token"}, r'^JWKS_AUTH\["AUDIENCE"\] is missing'),
            (
                {"ISSUER": "https://acme.auth.us-east-1.amazoncognito.com"},
                r'\["ISSUER"\]: found .*cognito-idp.<region>',
            ),
            ({"ISSUER": ISSUER + "/"}, r"only the slash at the end differs"),
        ),
    )
