"""AD FS: "AD FS OpenID Connect/OAuth concepts", ``access_token_issuer`` of its metadata, tokens of public projects."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://fs.acme.dev/adfs"
ACCESS_ISSUER = "http://fs.acme.dev/adfs/services/trust"
CLIENT = "50ce8764-0000-96c0-39cc-601ea1540000"
API = "microsoft:identityserver:orders-api"
USER = {
    "aud": API,
    "iss": ACCESS_ISSUER,
    "sub": "jdoe@acme.dev",
    "upn": "jdoe@acme.dev",
    "role": ["ops", "admins"],
    "apptype": "Confidential",
    "appid": CLIENT,
    "authmethod": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "auth_time": "2020-03-24T07:30:55.566Z",
    "ver": "1.0",
    "scp": "orders openid",
}
SERVICE = {
    "aud": API,
    "iss": ACCESS_ISSUER,
    "appid": CLIENT,
    "apptype": "Confidential",
    "ver": "1.0",
    "scp": "orders",
}
ID_TOKEN = {
    "aud": CLIENT,
    "iss": ISSUER,
    "sub": "Jq3bT0dSe9KXlX-U6LsrU9b3K5sUXa8Shnj",
    "upn": "jdoe@acme.dev",
    "unique_name": "ACME\\jdoe",
    "apptype": "Confidential",
    "appid": CLIENT,
    "scp": "openid",
    "ver": "1.0",
}


class TestAdfs(ProviderTests):
    """Access tokens name the issuer differently than ID tokens, which else look the same."""

    documented = Documented(
        settings={"PROVIDER": "adfs", "ISSUER": ISSUER, "AUDIENCE": API},
        keys_at="https://fs.acme.dev/adfs/discovery/keys",
        key={"use": "sig", "alg": "RS256", "x5t": "qN8ENOO1h0LwxMiAZny00jNpI1o"},
        header={"typ": "JWT", "x5t": "qN8ENOO1h0LwxMiAZny00jNpI1o"},
        tokens={
            "user": Token(
                claims=USER,
                read={
                    "issuer": ISSUER,
                    "client_id": CLIENT,
                    "roles": {"ops", "admins"},
                    "scopes": {"orders", "openid"},
                },
            ),
            "service": Token(claims=SERVICE, read={"is_service": True, "scopes": {"orders"}}),
            "its name in access tokens as issuer": Token(
                claims=USER, settings={"ISSUER": ACCESS_ISSUER}, read={"issuer": ACCESS_ISSUER}
            ),
            "ID token": Token(claims=ID_TOKEN, code="wrong_type"),
            "ID token, client and API registered as one": Token(
                claims=ID_TOKEN, settings={"AUDIENCE": [API, CLIENT]}, code="wrong_type"
            ),
            "ID token, by the other name": Token(
                claims=ID_TOKEN, settings={"ISSUER": ACCESS_ISSUER, "AUDIENCE": CLIENT}, code="wrong_type"
            ),
            "another API's": Token(
                claims={**USER, "aud": "microsoft:identityserver:hr"}, code="wrong_audience"
            ),
            "another server's": Token(
                claims={**USER, "iss": "http://fs.evil.dev/adfs/services/trust"}, code="wrong_issuer"
            ),
        },
        mistakes=(
            (
                {"ISSUER": "https://fs.acme.dev"},
                r'\["ISSUER"\]: found .*expected for provider adfs .https://<host>/adfs',
            ),
            ({"ISSUER": ISSUER + "/"}, r"only the slash at the end differs"),
            ({"AUDIENCE": "urn:microsoft:userinfo"}, r'\["AUDIENCE"\]: .*userinfo'),
        ),
    )
