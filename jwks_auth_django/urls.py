"""``path("", include("jwks_auth_django.urls"))``: metadata and logouts, where no middleware answers for them."""

from __future__ import annotations

from django.urls import path, re_path, register_converter

from jwks_auth_django.discovery import metadata
from jwks_auth_django.logout import LogoutPath, logout

__all__ = ["urlpatterns"]

register_converter(LogoutPath, "jwks_auth_logout")

urlpatterns = [
    re_path(r"^\.well-known/oauth-protected-resource(?:/.*)?\Z", metadata),
    path("<jwks_auth_logout:path>", logout),
]
