"""``path("", include("jwks_auth_django.urls"))``: protected-resource metadata, where no middleware answers for it."""

from __future__ import annotations

from django.urls import re_path

from jwks_auth_django.discovery import metadata

__all__ = ["urlpatterns"]

urlpatterns = [re_path(r"^\.well-known/oauth-protected-resource(?:/.*)?\Z", metadata)]
