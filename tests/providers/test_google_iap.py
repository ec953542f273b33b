"""Google's Identity-Aware Proxy: "Getting the user's identity", "Securing your app with signed headers"."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://cloud.google.com/iap"
API = "/projects/1234567890/global/backendServices/9876543210"
USER = {
    "iss": ISSUER,
    "aud": API,
    "sub": "accounts.google.com:113774",
    "email": "alice@acme.dev",
    "hd": "acme.dev",
    "google": {"access_levels": ["accessPolicies/1/accessLevels/recent"]},
    "azp": API,
}


class TestGoogleIap(ProviderTests):
    """ES256, and a header of its own."""

    documented = Documented(
        settings={"PROVIDER": "google-iap", "AUDIENCE": API},
        keys_at="https://www.gstatic.com/iap/verify/public_key-jwk",
        alg="ES256",
        key={"alg": "ES256", "use": "sig"},
        tokens={
            "user": Token(claims=USER, read={"issuer": ISSUER, "subject": "accounts.google.com:113774"}),
            "an App Engine application's": Token(
                claims={**USER, "aud": "/projects/1234567890/apps/acme"},
                settings={"AUDIENCE": "/projects/1234567890/apps/acme"},
            ),
            "for another backend": Token(claims={**USER, "aud": API + "1"}, code="wrong_audience"),
            "Google's ID token": Token(
                claims={**USER, "iss": "https://accounts.google.com"}, code="wrong_issuer"
            ),
            "an external identity of another project": Token(
                claims={**USER, "aud": API.replace("123", "321")}, code="wrong_audience"
            ),
            "another algorithm": Token(
                claims=USER, settings={"ALGORITHMS": "RS256"}, code="algorithm_not_allowed"
            ),
        },
        mistakes=(
            (
                {"AUDIENCE": "1234.apps.googleusercontent.com"},
                r'\["AUDIENCE"\]: found .*/projects/<project number>/',
            ),
            (
                {"ISSUER": "https://accounts.google.com"},
                r'\["ISSUER"\]: found .*https://cloud.google.com/iap',
            ),
        ),
    )
