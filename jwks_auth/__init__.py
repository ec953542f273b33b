"""JWT access-token authentication for Python web APIs: strict verification, keys that are always there."""

from jwks_auth.client import PyJWKClient
from jwks_auth.errors import (
    AuthError,
    ConfigurationError,
    ForbiddenError,
    InsufficientScopeError,
    InvalidRequestError,
    InvalidTokenError,
    JWKSAuthError,
    KeySourceError,
    MissingTokenError,
    Refused,
)
from jwks_auth.issuer import Issuer
from jwks_auth.jws import verify_jws
from jwks_auth.key_set import KeySet
from jwks_auth.policy import Policy
from jwks_auth.tenants import Tenants
from jwks_auth.tokens import ANY_AUDIENCE, VerifiedToken
from jwks_auth.verifier import TokenVerifier

__all__ = [
    "ANY_AUDIENCE",
    "AuthError",
    "ConfigurationError",
    "ForbiddenError",
    "InsufficientScopeError",
    "InvalidRequestError",
    "InvalidTokenError",
    "Issuer",
    "JWKSAuthError",
    "KeySet",
    "KeySourceError",
    "MissingTokenError",
    "Policy",
    "PyJWKClient",
    "Refused",
    "Tenants",
    "TokenVerifier",
    "VerifiedToken",
    "verify_jws",
]
