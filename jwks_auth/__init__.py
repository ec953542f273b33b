"""JWT access-token authentication for Python web APIs: strict verification, keys that are always there."""

from jwks_auth.errors import (
    AuthError,
    ConfigurationError,
    InsufficientScopeError,
    InvalidRequestError,
    InvalidTokenError,
    JWKSAuthError,
    KeySourceError,
    MissingTokenError,
)

__all__ = [
    "AuthError",
    "ConfigurationError",
    "InsufficientScopeError",
    "InvalidRequestError",
    "InvalidTokenError",
    "JWKSAuthError",
    "KeySourceError",
    "MissingTokenError",
]
