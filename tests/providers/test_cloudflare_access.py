"""Cloudflare Access: "Application token", "Validate JWTs", "Service tokens"."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://yourteam.cloudflareaccess.com"
TAG = "32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228"
OTHER_TAG = "97e2aae120121f902df8bc99fc34591397e2aae120121f902df8bc99fc345913"
USER = {
    "aud": [TAG],
    "email": "user@example.com",
    "nbf": 1659474397,
    "iss": ISSUER,
    "type": "app",
    "identity_nonce": "6ei69kawdKzMIAPF",
    "sub": "7335d417-61da-459d-899c-0a01c76a2f94",
    "country": "US",
    "custom": {"groups": ["ops"]},
}
SERVICE = {
    "type": "app",
    "aud": TAG,
    "iss": ISSUER,
    "common_name": "e367826f93b8d71185e03fe518aff3b4.access",
    "sub": "",
}


class TestCloudflareAccess(ProviderTests):
    """The application's tag is the audience; the token stands in a header of its own."""

    documented = Documented(
        settings={"PROVIDER": "cloudflare-access", "ISSUER": ISSUER, "AUDIENCE": TAG},
        keys_at=ISSUER + "/cdn-cgi/access/certs",
        tokens={
            "user": Token(claims=USER, read={"roles": {"ops"}, "is_service": False}),
            "service": Token(claims=SERVICE, read={"subject": None, "is_service": True}),
            "the team's own session": Token(claims={**USER, "type": "org", "aud": ISSUER}, code="wrong_type"),
            "for another application": Token(claims={**USER, "aud": [OTHER_TAG]}, code="wrong_audience"),
            "another team's": Token(
                claims={**USER, "iss": "https://evil.cloudflareaccess.com"}, code="wrong_issuer"
            ),
        },
        mistakes=(
            (
                {"AUDIENCE": "orders.acme.dev"},
                r"""\["AUDIENCE"\]: found .*the application's AUD tag, 64 hexadecimal""",
            ),
            ({"AUDIENCE": None}, r'\["AUDIENCE"\] is missing: .*AUD tag'),
            ({"ISSUER": "https://orders.acme.dev"}, r'\["ISSUER"\]: found .*<team>.cloudflareaccess.com'),
            ({"ISSUER": ISSUER + "/cdn-cgi/access/certs"}, r'\["ISSUER"\]: found'),
        ),
    )
