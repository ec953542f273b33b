"""JWT access tokens for FastAPI and Starlette: a typed, documented dependency that never blocks."""

from jwks_auth import ANY_AUDIENCE, Policy, VerifiedToken
from jwks_auth_fastapi.audit import AuditedRoute, audit
from jwks_auth_fastapi.bearer import JWTBearer
from jwks_auth_fastapi.errors import (
    BadCredentials,
    Forbidden,
    KeysUnavailable,
    RequestRejected,
    Unauthorized,
    WebSocketRejected,
    install_error_handlers,
)
from jwks_auth_fastapi.expiry import token_of, until_expiry
from jwks_auth_fastapi.openapi import OpenAPISettings, error_responses
from jwks_auth_fastapi.protection import protect, public
from jwks_auth_fastapi.settings import JWKSAuthSettings

__all__ = [
    "ANY_AUDIENCE",
    "AuditedRoute",
    "BadCredentials",
    "Forbidden",
    "JWKSAuthSettings",
    "JWTBearer",
    "KeysUnavailable",
    "OpenAPISettings",
    "Policy",
    "RequestRejected",
    "Unauthorized",
    "VerifiedToken",
    "WebSocketRejected",
    "audit",
    "error_responses",
    "install_error_handlers",
    "protect",
    "public",
    "token_of",
    "until_expiry",
]
