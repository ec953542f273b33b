"""JWT access-token authentication for Python web APIs: strict verification, keys that are always there."""

from jwks_auth.claims import ANY_AUDIENCE, Policy, VerifiedToken
from jwks_auth.client import PyJWKClient
from jwks_auth.errors import (
    AuthError,
    ConfigurationError,
    ForbiddenError,
    InsufficientAuthenticationError,
    InsufficientScopeError,
    InvalidRequestError,
    InvalidTokenError,
    JWKSAuthError,
    KeySourceError,
    MissingTokenError,
    Refused,
)
from jwks_auth.jose import KeySet, verify_jws
from jwks_auth.keys import KeyEvent
from jwks_auth.verifier import IDTokenVerifier, Issuer, Tenants, TokenVerifier, Verifier

__all__ = [
    "ANY_AUDIENCE",
    "AuthError",
    "ConfigurationError",
    "ForbiddenError",
    "IDTokenVerifier",
    "InsufficientAuthenticationError",
    "InsufficientScopeError",
    "InvalidRequestError",
    "InvalidTokenError",
    "Issuer",
    "JWKSAuthError",
    "KeyEvent",
    "KeySet",
    "KeySourceError",
    "MissingTokenError",
    "Policy",
    "PyJWKClient",
    "Refused",
    "Tenants",
    "TokenVerifier",
    "VerifiedToken",
    "Verifier",
    "verify_jws",
]
