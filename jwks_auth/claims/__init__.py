"""The verified token, the rules for its claims, and policies over them.

Time is an argument; nothing here fetches, waits or verifies a signature.
"""

from jwks_auth.claims.expectations import Expectations, checked_expectations
from jwks_auth.claims.options import TOKEN_DEFAULTS, TokenOptions, token_options
from jwks_auth.claims.paths import ClaimNames, ClaimPath, client_of
from jwks_auth.claims.policy import Policy, PolicyOptions, checked_names
from jwks_auth.claims.services import is_surely_service, name_of_service
from jwks_auth.claims.token import (
    ANY_AUDIENCE,
    AnyAudience,
    Audience,
    IssuerTerms,
    VerifiedToken,
    checked_audience,
)
from jwks_auth.claims.validators import PROFILES, ClaimRules, validate_audience, validate_claims

__all__ = [
    "ANY_AUDIENCE",
    "PROFILES",
    "TOKEN_DEFAULTS",
    "AnyAudience",
    "Audience",
    "ClaimNames",
    "ClaimPath",
    "ClaimRules",
    "Expectations",
    "IssuerTerms",
    "Policy",
    "PolicyOptions",
    "TokenOptions",
    "VerifiedToken",
    "checked_audience",
    "checked_expectations",
    "checked_names",
    "client_of",
    "is_surely_service",
    "name_of_service",
    "token_options",
    "validate_audience",
    "validate_claims",
]
