"""Identities in the admin: to see who signs in to an account, and to link or unlink one by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin

from jwks_auth_django.models import JWTIdentity

__all__ = ["JWTIdentityAdmin"]

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[JWTIdentity]
else:
    ModelAdmin = admin.ModelAdmin


@admin.register(JWTIdentity)
class JWTIdentityAdmin(ModelAdmin):
    """Issuer, subject and account."""

    list_display = ("subject", "issuer", "user", "created_at")
    list_filter = ("issuer",)
    search_fields = ("subject",)
    raw_id_fields: ClassVar[Any] = ("user",)
