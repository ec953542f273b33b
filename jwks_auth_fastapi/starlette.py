"""For Starlette alone: a backend for its ``AuthenticationMiddleware``, and ``require_jwt`` for endpoints.

``Middleware(AuthenticationMiddleware, backend=(b := JWTAuthenticationBackend(...)), on_error=b.on_error)``
"""

from jwks_auth_fastapi.backend import (
    JWTAuthenticationBackend,
    JWTCredentials,
    JWTUser,
    RejectedConnection,
)
from jwks_auth_fastapi.discovery import MetadataMiddleware
from jwks_auth_fastapi.expiry import token_of, until_expiry
from jwks_auth_fastapi.guard import require_jwt
from jwks_auth_fastapi.logout import LogoutMiddleware
from jwks_auth_fastapi.protection import protect, public

__all__ = [
    "JWTAuthenticationBackend",
    "JWTCredentials",
    "JWTUser",
    "LogoutMiddleware",
    "MetadataMiddleware",
    "RejectedConnection",
    "protect",
    "public",
    "require_jwt",
    "token_of",
    "until_expiry",
]
