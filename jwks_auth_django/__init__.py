"""jwks-auth for Django: backend, middleware, ``@require_jwt``; DRF and Ninja in modules of their own."""

from jwks_auth.adapters import until_expiry
from jwks_auth_django.decorators import JWTRequest, RequireJWTMixin, require_jwt
from jwks_auth_django.openness import public

__all__ = ["JWTRequest", "RequireJWTMixin", "public", "require_jwt", "until_expiry"]
