"""Issuers, tenants, and the verifier that turns a raw token into a verified one; explanations for developers.

No request and no framework: credentials come as text.
"""

from typing import TYPE_CHECKING

from jwks_auth.later import later
from jwks_auth.verifier.introspection import MODES, Introspection
from jwks_auth.verifier.issuer import Issuer, PlaceOptions
from jwks_auth.verifier.options import JudgeOptions
from jwks_auth.verifier.protocol import Verifier
from jwks_auth.verifier.revocation import RevocationCopy
from jwks_auth.verifier.steps import asked_audience
from jwks_auth.verifier.tenants import Tenants
from jwks_auth.verifier.token_sources import AUTHORIZATION, checked_sources, is_of_a_proxy, source_key
from jwks_auth.verifier.verifier import TokenVerifier

if TYPE_CHECKING:
    from jwks_auth.verifier.explain import Explanation, explained
    from jwks_auth.verifier.id_tokens import IDTokenVerifier
    from jwks_auth.verifier.logout_tokens import FRESH, Issuers, Logout, LogoutTokenVerifier
    from jwks_auth.verifier.providers import PROVIDERS, check_said, issuer_said

__all__ = [
    "AUTHORIZATION",
    "FRESH",
    "MODES",
    "PROVIDERS",
    "Explanation",
    "IDTokenVerifier",
    "Introspection",
    "Issuer",
    "Issuers",
    "JudgeOptions",
    "Logout",
    "LogoutTokenVerifier",
    "PlaceOptions",
    "RevocationCopy",
    "Tenants",
    "TokenVerifier",
    "Verifier",
    "asked_audience",
    "check_said",
    "checked_sources",
    "explained",
    "is_of_a_proxy",
    "issuer_said",
    "source_key",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = later(
        __name__,
        {
            "Explanation": "jwks_auth.verifier.explain",
            "explained": "jwks_auth.verifier.explain",
            "IDTokenVerifier": "jwks_auth.verifier.id_tokens",
            "FRESH": "jwks_auth.verifier.logout_tokens",
            "Issuers": "jwks_auth.verifier.logout_tokens",
            "Logout": "jwks_auth.verifier.logout_tokens",
            "LogoutTokenVerifier": "jwks_auth.verifier.logout_tokens",
            "PROVIDERS": "jwks_auth.verifier.providers",
            "check_said": "jwks_auth.verifier.providers",
            "issuer_said": "jwks_auth.verifier.providers",
        },
    )
