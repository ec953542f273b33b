"""Issuers, tenants, and the verifier that turns a raw token into a verified one; explanations for developers.

No request and no framework: credentials come as text.
"""

from jwks_auth.verifier.explain import Explanation, explained
from jwks_auth.verifier.id_tokens import IDTokenVerifier, half_hash
from jwks_auth.verifier.issuer import Issuer, PlaceOptions
from jwks_auth.verifier.options import JudgeOptions
from jwks_auth.verifier.protocol import Verifier
from jwks_auth.verifier.providers import PROVIDERS, check_said, issuer_said
from jwks_auth.verifier.steps import asked_audience
from jwks_auth.verifier.tenants import Tenants
from jwks_auth.verifier.token_sources import AUTHORIZATION, checked_sources, is_of_a_proxy, source_key
from jwks_auth.verifier.verifier import TokenVerifier

__all__ = [
    "AUTHORIZATION",
    "PROVIDERS",
    "Explanation",
    "IDTokenVerifier",
    "Issuer",
    "JudgeOptions",
    "PlaceOptions",
    "Tenants",
    "TokenVerifier",
    "Verifier",
    "asked_audience",
    "check_said",
    "checked_sources",
    "explained",
    "half_hash",
    "is_of_a_proxy",
    "issuer_said",
    "source_key",
]
