"""Google: "OpenID Connect", the payload of an ID token; "Authenticate with a backend server"; Cloud Run's services."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://accounts.google.com"
CLIENT = "1234987819200.apps.googleusercontent.com"
ANDROID = "1234987819200-android.apps.googleusercontent.com"
USER = {
    "iss": ISSUER,
    "azp": CLIENT,
    "aud": CLIENT,
    "sub": "10769150350006150715113082367",
    "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q",
    "hd": "example.com",
    "email": "jsmith@example.com",
    "email_verified": True,
    "nonce": "0394852-3190485-2490358",
}
SERVICE = {
    "iss": ISSUER,
    "aud": "https://orders-abc.a.run.app",
    "azp": "112010400000000710080",
    "sub": "112010400000000710080",
    "email": "batch@acme.iam.gserviceaccount.com",
    "email_verified": True,
}
RUN = {"AUDIENCE": "https://orders-abc.a.run.app", "ALLOWED_CLIENTS": "112010400000000710080"}


class TestGoogle(ProviderTests):
    """ID tokens, as it issues nothing else that an API could verify."""

    documented = Documented(
        settings={"PROVIDER": "google", "AUDIENCE": CLIENT},
        keys_at="https://www.googleapis.com/oauth2/v3/certs",
        tokens={
            "user": Token(
                claims=USER,
                read={"issuer": ISSUER, "client_id": CLIENT, "is_service": False, "scopes": set()},
            ),
            "user, by the issuer's other name": Token(
                claims={**USER, "iss": "accounts.google.com"}, read={"issuer": ISSUER}
            ),
            "issuer as pasted from elsewhere": Token(
                claims=USER, settings={"ISSUER": "accounts.google.com"}, read={"issuer": ISSUER}
            ),
            "user on a phone": Token(claims={**USER, "azp": ANDROID}, settings={"ALLOWED_CLIENTS": ANDROID}),
            "user of a Workspace": Token(claims=USER, settings={"REQUIRED_CLAIMS": {"hd": "example.com"}}),
            "service": Token(claims=SERVICE, settings=RUN, read={"is_service": True}),
            "user of another Workspace": Token(
                claims={**USER, "hd": "evil.com"},
                settings={"REQUIRED_CLAIMS": {"hd": "example.com"}},
                code="invalid_claim",
            ),
            "user of a phone that nobody named": Token(claims={**USER, "azp": ANDROID}, code="wrong_client"),
            "for another application": Token(
                claims={**USER, "aud": "evil", "azp": "evil"}, code="wrong_audience"
            ),
            "for another application, too": Token(
                claims={**USER, "aud": [CLIENT, "evil"]}, code="wrong_audience"
            ),
            "another issuer's": Token(
                claims={**USER, "iss": "https://accounts.google.com/"}, code="wrong_issuer"
            ),
            "without a subject": Token(claims={**USER, "sub": None}, code="missing_claim"),
            "an access token's shape": Token(
                claims={**USER, "at_hash": None, "scope": "openid"}, code="wrong_type"
            ),
        },
        mistakes=(
            (
                {"ISSUER": "https://google.com"},
                r'\["ISSUER"\]: found .*expected for provider google .https://accounts',
            ),
            ({"PROFILE": "default"}, r'\["PROFILE"\]: found .default., expected id_token'),
            ({"PROFILE": "rfc9068"}, r'\["PROFILE"\]: found .rfc9068., expected id_token'),
        ),
    )
