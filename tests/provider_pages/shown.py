"""What each provider's page shows: settings, a token, and the tokens of its three refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jwks_auth.testing import FakeIssuer, SigningKey
from tests.provider_pages.sent import literal, nothing, signed, signed_by, spoilt
from tests.providers import (
    test_auth0,
    test_clerk,
    test_cloudflare_access,
    test_cognito,
    test_entra,
    test_entra_multitenant,
    test_firebase,
    test_github_actions,
    test_google,
    test_keycloak,
    test_kubernetes,
    test_okta,
    test_supabase,
    test_zitadel,
)
from tests.providers.documented import Documented

__all__ = ["PAGES", "Refused", "Shown"]

Refused = Callable[[FakeIssuer, Documented], str | None]
"""Makes the token that a client sends, or ``None``."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One page: *settings* to paste, *claims* of a good token, what a *route* asks for.

    *refused* has the tokens that the page tells of, by the codes of their refusals.
    """

    documented: Documented
    settings: Mapping[str, Any]
    claims: Mapping[str, Any]
    route: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, Refused]


def some(claims: Mapping[str, Any], names: str) -> dict[str, Any]:
    """Return the claims of those *names*."""
    return {name: claims[name] for name in names.split()}


ENTRA = some(test_entra.USER, "aud iss azp scp roles sub oid tid ver")
SUPABASE = {
    **some(test_supabase.USER, "iss aud sub role aal session_id email is_anonymous"),
    "user_role": "moderator",
}
FIREBASE = {**some(test_firebase.USER, "iss aud auth_time sub email email_verified"), "roles": ["editor"]}
ACCESS = some(test_cloudflare_access.USER, "aud email iss type sub country custom")
GITHUB = some(
    test_github_actions.JOB, "iss aud sub ref repository repository_owner workflow event_name actor"
)
KEYCLOAK = {
    **some(test_keycloak.USER, "iss aud sub typ azp realm_access scope preferred_username"),
    "resource_access": {test_keycloak.API: {"roles": ["clerk"]}},
}
LONG_AGO = {"iat": 1_600_000_000, "exp": 1_600_000_300}
A_SECRET = b"a project's legacy secret, which no API should have"


PAGES = {
    "auth0": Shown(
        documented=test_auth0.TestAuth0.documented,
        settings=test_auth0.TestAuth0.documented.settings,
        claims=some(test_auth0.USER, "iss sub aud azp scope permissions"),
        route={"permissions": "read:orders"},
        refused={
            "malformed": literal("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..iv.sealed.tag"),
            "wrong_type": signed(test_auth0.ID_TOKEN),
            "insufficient_scope": signed({**test_auth0.USER, "permissions": []}),
        },
    ),
    "entra": Shown(
        documented=test_entra.TestEntra.documented,
        settings=test_entra.TestEntra.documented.settings,
        claims=ENTRA,
        route={"roles": "Orders.Admin"},
        refused={
            "bad_signature": spoilt({**ENTRA, "aud": "00000003-0000-0000-c000-000000000000"}),
            "wrong_type": signed(test_entra.ID_TOKEN),
            "insufficient_scope": signed({**test_entra.SERVICE, "roles": None}),
        },
    ),
    "entra-multitenant": Shown(
        documented=test_entra_multitenant.TestEntraMultitenant.documented,
        settings={**test_entra_multitenant.GIVEN, "TENANTS": [test_entra.TENANT]},
        claims=ENTRA,
        route={"roles": "Orders.Admin"},
        refused={
            "wrong_issuer": signed(test_entra.TOKENS["another tenant's"].claims),
            "wrong_audience": signed({**ENTRA, "aud": test_entra.CLIENT}),
            "insufficient_scope": signed({**ENTRA, "roles": None}),
        },
    ),
    "keycloak": Shown(
        documented=test_keycloak.TestKeycloak.documented,
        settings=test_keycloak.TestKeycloak.documented.settings,
        claims=KEYCLOAK,
        route={"roles": "clerk"},
        refused={
            "wrong_audience": signed({**KEYCLOAK, "aud": "account"}),
            "wrong_issuer": signed({**KEYCLOAK, "iss": "http://keycloak:8080/realms/acme"}),
            "insufficient_scope": signed({**KEYCLOAK, "resource_access": {"web": {"roles": ["clerk"]}}}),
        },
    ),
    "okta": Shown(
        documented=test_okta.TestOkta.documented,
        settings=test_okta.TestOkta.documented.settings,
        claims=some(test_okta.USER, "ver iss aud sub cid uid scp groups"),
        route={"roles": "Ops"},
        refused={
            "wrong_issuer": signed(test_okta.TestOkta.documented.tokens["the org server's"].claims),
            "wrong_type": signed(test_okta.ID_TOKEN),
            "insufficient_scope": signed({**test_okta.USER, "groups": None}),
        },
    ),
    "cognito": Shown(
        documented=test_cognito.TestCognito.documented,
        settings=test_cognito.TestCognito.documented.settings,
        claims=some(test_cognito.USER, "sub cognito:groups iss client_id token_use scope username"),
        route={"roles": "testgroup"},
        refused={
            "wrong_type": signed(test_cognito.ID_TOKEN),
            "wrong_client": signed({**test_cognito.USER, "client_id": "another"}),
            "insufficient_scope": signed(test_cognito.SERVICE),
        },
    ),
    "google": Shown(
        documented=test_google.TestGoogle.documented,
        settings={**test_google.TestGoogle.documented.settings, "REQUIRED_CLAIMS": {"hd": "example.com"}},
        claims=some(test_google.USER, "iss azp aud sub hd email email_verified"),
        refused={
            "malformed": literal("ya29.a0AfH6SMBx"),
            "wrong_audience": signed({**test_google.USER, "aud": "evil", "azp": "evil"}),
            "missing_claim": signed({**test_google.USER, "hd": None}),
        },
    ),
    "firebase": Shown(
        documented=test_firebase.TestFirebase.documented,
        settings=test_firebase.TestFirebase.documented.settings,
        claims=FIREBASE,
        route={"roles": "editor"},
        refused={
            "expired": signed({**FIREBASE, **LONG_AGO}),
            "wrong_issuer": signed(
                {
                    "iss": "firebase-adminsdk@acme-prod.iam.gserviceaccount.com",
                    "sub": "firebase-adminsdk@acme-prod.iam.gserviceaccount.com",
                    "aud": "https://identitytoolkit.googleapis.com/"
                    "google.identity.identitytoolkit.v1.IdentityToolkit",
                    "uid": "Fh2TqfV9xUXG",
                }
            ),
            "insufficient_scope": signed({**FIREBASE, "roles": None}),
        },
    ),
    "supabase": Shown(
        documented=test_supabase.TestSupabase.documented,
        settings=test_supabase.TestSupabase.documented.settings,
        claims=SUPABASE,
        route={"roles": "moderator"},
        refused={
            "algorithm_not_allowed": signed_by(SigningKey("legacy", "HS256", A_SECRET), SUPABASE),
            "malformed": literal("sb_publishable_0123456789abcdef"),
            "insufficient_scope": signed({**SUPABASE, "user_role": None}),
        },
    ),
    "clerk": Shown(
        documented=test_clerk.TestClerk.documented,
        settings=test_clerk.TestClerk.documented.settings,
        claims=some(test_clerk.USER, "azp fva iss sid sub v sts o"),
        route={"roles": "admin"},
        refused={
            "expired": signed({**test_clerk.USER, **LONG_AGO}),
            "wrong_client": signed({**test_clerk.USER, "azp": "http://localhost:3000"}),
            "insufficient_scope": signed({**test_clerk.USER, "o": None}),
        },
    ),
    "zitadel": Shown(
        documented=test_zitadel.TestZitadel.documented,
        settings=test_zitadel.TestZitadel.documented.settings,
        claims=some(test_zitadel.USER, f"iss sub aud client_id jti {test_zitadel.OWN_ROLES}"),
        route={"roles": "editor"},
        refused={
            "malformed": literal("MtjHodGy4zxKylDOhg6kW90WeEQs2q"),
            "wrong_audience": signed({**test_zitadel.USER, "aud": [test_zitadel.CLIENT]}),
            "insufficient_scope": signed({**test_zitadel.USER, test_zitadel.OWN_ROLES: None}),
        },
    ),
    "cloudflare-access": Shown(
        documented=test_cloudflare_access.TestCloudflareAccess.documented,
        settings=test_cloudflare_access.TestCloudflareAccess.documented.settings,
        claims=ACCESS,
        route={"roles": "ops"},
        refused={
            "missing_token": nothing,
            "wrong_audience": signed({**ACCESS, "aud": [test_cloudflare_access.OTHER_TAG]}),
            "insufficient_scope": signed({**ACCESS, "custom": None}),
        },
    ),
    "github-actions": Shown(
        documented=test_github_actions.TestGithubActions.documented,
        settings=test_github_actions.TestGithubActions.documented.settings,
        claims=GITHUB,
        refused={
            "wrong_audience": signed({**GITHUB, "aud": "https://github.com/octo-org"}),
            "invalid_claim": signed(test_github_actions.ELSEWHERE),
            "expired": signed({**GITHUB, **LONG_AGO}),
        },
    ),
    "kubernetes": Shown(
        documented=test_kubernetes.TestKubernetes.documented,
        settings={
            **test_kubernetes.GIVEN,
            "REQUIRED_CLAIMS": {"sub": ["system:serviceaccount:shop:web"]},
        },
        claims={
            **some(test_kubernetes.POD, "iss aud sub"),
            "kubernetes.io": some(test_kubernetes.POD["kubernetes.io"], "namespace pod serviceaccount"),  # type: ignore[arg-type]
        },
        refused={
            "wrong_audience": signed({**test_kubernetes.POD, "aud": [test_kubernetes.ISSUER]}),
            "invalid_claim": signed({**test_kubernetes.POD, "sub": "system:serviceaccount:shop:other"}),
            "wrong_issuer": signed({**test_kubernetes.POD, "iss": "https://oidc.other.example"}),
        },
    ),
}
"""Each page by its provider's name, in the order of the site."""
