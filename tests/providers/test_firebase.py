"""Firebase: "Verify ID tokens using a third-party JWT library", "Control access with custom claims"."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://securetoken.google.com/acme-prod"
USER = {
    "iss": ISSUER,
    "aud": "acme-prod",
    "auth_time": 1600000000,
    "user_id": "Fh2TqfV9xUXG",
    "sub": "Fh2TqfV9xUXG",
    "name": "Jane",
    "email": "jane@acme.dev",
    "email_verified": False,
    "firebase": {"identities": {"email": ["jane@acme.dev"]}, "sign_in_provider": "password"},
}


class TestFirebase(ProviderTests):
    """The project is in the issuer and in the audience."""

    documented = Documented(
        settings={"PROVIDER": "firebase", "ISSUER": ISSUER, "AUDIENCE": "acme-prod"},
        keys_at="https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
        tokens={
            "user": Token(claims=USER, read={"subject": "Fh2TqfV9xUXG", "roles": set(), "is_service": False}),
            "custom claims": Token(
                claims={**USER, "roles": {"admin": True, "editor": False}}, read={"roles": {"admin"}}
            ),
            "a custom claim by name": Token(
                claims={**USER, "role": "admin"}, settings={"ROLES_CLAIM": "role"}, read={"roles": {"admin"}}
            ),
            "another project's": Token(
                claims={**USER, "iss": ISSUER.replace("acme", "evil"), "aud": "evil-prod"},
                code="wrong_issuer",
            ),
            "for another project": Token(claims={**USER, "aud": "evil-prod"}, code="wrong_audience"),
            "a session cookie": Token(
                claims={**USER, "iss": "https://session.firebase.google.com/acme-prod"}, code="wrong_issuer"
            ),
            "without a user": Token(claims={**USER, "sub": ""}, code="missing_claim"),
            "of a user who has yet to sign in": Token(
                claims={**USER, "auth_time": 9999999999}, code="not_yet_valid"
            ),
            "of a user who never signed in": Token(claims={**USER, "auth_time": None}, code="missing_claim"),
            "signed in too long ago": Token(claims=USER, settings={"MAX_AGE": 3600}, code="too_old"),
        },
        mistakes=(
            ({"AUDIENCE": None}, r'\["AUDIENCE"\] is missing: for provider firebase it is .acme-prod.'),
            ({"ISSUER": None}, r'\["ISSUER"\] is missing: .*securetoken.google.com/<project id>'),
            ({"ISSUER": "https://accounts.google.com"}, r'\["ISSUER"\]: found'),
            ({"PROFILE": "default"}, r'\["PROFILE"\]: found .default., expected id_token'),
        ),
    )
