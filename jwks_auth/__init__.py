"""JWT access-token authentication for Python web APIs: strict verification, keys that are always there."""

from typing import TYPE_CHECKING

from jwks_auth.later import later as _later

if TYPE_CHECKING:
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
    from jwks_auth.proofs import ANY_PROXY, InvalidProofError
    from jwks_auth.verifier import IDTokenVerifier, Introspection, Issuer, Tenants, TokenVerifier, Verifier

__all__ = [
    "ANY_AUDIENCE",
    "ANY_PROXY",
    "AuthError",
    "ConfigurationError",
    "ForbiddenError",
    "IDTokenVerifier",
    "InsufficientAuthenticationError",
    "InsufficientScopeError",
    "Introspection",
    "InvalidProofError",
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

if not TYPE_CHECKING:
    __getattr__, __dir__ = _later(
        __name__,
        {
            "ANY_AUDIENCE": "jwks_auth.claims",
            "ANY_PROXY": "jwks_auth.proofs",
            "AuthError": "jwks_auth.errors",
            "ConfigurationError": "jwks_auth.errors",
            "ForbiddenError": "jwks_auth.errors",
            "IDTokenVerifier": "jwks_auth.verifier",
            "InsufficientAuthenticationError": "jwks_auth.errors",
            "InsufficientScopeError": "jwks_auth.errors",
            "Introspection": "jwks_auth.verifier",
            "InvalidProofError": "jwks_auth.proofs",
            "InvalidRequestError": "jwks_auth.errors",
            "InvalidTokenError": "jwks_auth.errors",
            "Issuer": "jwks_auth.verifier",
            "JWKSAuthError": "jwks_auth.errors",
            "KeyEvent": "jwks_auth.keys",
            "KeySet": "jwks_auth.jose",
            "KeySourceError": "jwks_auth.errors",
            "MissingTokenError": "jwks_auth.errors",
            "Policy": "jwks_auth.claims",
            "PyJWKClient": "jwks_auth.client",
            "Refused": "jwks_auth.errors",
            "Tenants": "jwks_auth.verifier",
            "TokenVerifier": "jwks_auth.verifier",
            "VerifiedToken": "jwks_auth.claims",
            "Verifier": "jwks_auth.verifier",
            "verify_jws": "jwks_auth.jose",
        },
    )
