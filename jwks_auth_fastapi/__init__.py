"""JWT access tokens for FastAPI and Starlette: a typed, documented dependency that never blocks.

What only FastAPI needs is imported when it is first asked for, so that Starlette needs neither FastAPI nor
pydantic-settings.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from jwks_auth import ANY_AUDIENCE, Policy, VerifiedToken
from jwks_auth_fastapi.audit import AuditedRoute, audit
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
from jwks_auth_fastapi.protection import protect, public

if TYPE_CHECKING:
    from jwks_auth_fastapi.bearer import JWTBearer
    from jwks_auth_fastapi.openapi import OpenAPISettings, error_responses
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

_LATER = {
    "JWKSAuthSettings": "settings",
    "JWTBearer": "bearer",
    "OpenAPISettings": "openapi",
    "error_responses": "openapi",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found
