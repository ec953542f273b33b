"""Bearer-token authentication for Flask: verified JWT access tokens on views, blueprints and whole apps."""

from jwks_auth.adapters import until_expiry
from jwks_auth_flask.admissions import current_token, current_user, token_of, user_of
from jwks_auth_flask.decorators import public, require_jwt
from jwks_auth_flask.errors import AuthRejected
from jwks_auth_flask.extension import JWKSAuth
from jwks_auth_flask.signals import keys_refresh_failed, keys_refreshed, token_rejected, token_verified

__all__ = [
    "AuthRejected",
    "JWKSAuth",
    "current_token",
    "current_user",
    "keys_refresh_failed",
    "keys_refreshed",
    "public",
    "require_jwt",
    "token_of",
    "token_rejected",
    "token_verified",
    "until_expiry",
    "user_of",
]
