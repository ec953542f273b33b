"""jwks-auth for Django: backend, middleware, ``@require_jwt``; DRF and Ninja in modules of their own."""

from jwks_auth_django.decorators import JWTRequest, RequireJWTMixin, require_jwt

__all__ = ["JWTRequest", "RequireJWTMixin", "require_jwt"]
