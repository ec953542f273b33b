"""Supabase: "JWT Claims Reference", "JWT Signing Keys", "Custom Claims & Role-based Access Control"."""

from __future__ import annotations

from tests.providers.documented import Documented, ProviderTests, Token

ISSUER = "https://abcdefghijklmnopqrst.supabase.co/auth/v1"
USER = {
    "iss": ISSUER,
    "aud": "authenticated",
    "sub": "123e4567-e89b-12d3-a456-426614174000",
    "role": "authenticated",
    "aal": "aal1",
    "session_id": "123e4567-e89b-12d3-a456-426614174000",
    "email": "user@example.com",
    "phone": "",
    "is_anonymous": False,
    "amr": [{"method": "password", "timestamp": 1640991600}],
    "app_metadata": {"provider": "email", "providers": ["email"]},
    "user_metadata": {"roles": ["admin"]},
}


class TestSupabase(ProviderTests):
    """Asymmetric signing keys; what users write themselves is no role."""

    documented = Documented(
        settings={"PROVIDER": "supabase", "ISSUER": ISSUER, "AUDIENCE": "authenticated"},
        keys_at=ISSUER + "/.well-known/jwks.json",
        alg="ES256",
        key={"alg": "ES256", "use": "sig", "key_ops": ["verify"], "ext": True},
        tokens={
            "user": Token(claims=USER, read={"roles": {"authenticated"}, "is_service": False}),
            "roles of the project's own": Token(
                claims={**USER, "user_role": "moderator", "app_metadata": {"roles": ["editor"]}},
                read={"roles": {"authenticated", "moderator", "editor"}},
            ),
            "anonymous": Token(claims={**USER, "aud": "anon", "role": "anon"}, code="wrong_audience"),
            "another project's": Token(claims={**USER, "iss": ISSUER.replace("a", "b")}, code="wrong_issuer"),
            "an application's ID token": Token(
                claims={**USER, "aud": "client", "nonce": "n"}, code="wrong_type"
            ),
            "an API key": Token(claims={"iss": "supabase", "role": "service_role"}, code="wrong_issuer"),
        },
        mistakes=(
            ({"AUDIENCE": None}, r'\["AUDIENCE"\] is missing: for provider supabase it is .authenticated.'),
            (
                {"AUDIENCE": ["authenticated", "anon"]},
                r'\["AUDIENCE"\]: found .anon., which is whoever has not signed in',
            ),
            ({"ISSUER": ISSUER[:-8]}, r'\["ISSUER"\]: found .*expected for provider supabase .*/auth/v1'),
            ({"ALGORITHMS": ["HS256"]}, r'\["ALGORITHMS"\]'),
        ),
    )
