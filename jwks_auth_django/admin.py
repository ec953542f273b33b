"""Identities in the admin: a list of those that sign in to an account, to link and unlink by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.auth import get_permission_codename, get_user_model
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from jwks_auth_django.models import JWTIdentity

__all__ = ["JWTIdentityAdmin"]

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[JWTIdentity]
else:
    ModelAdmin = admin.ModelAdmin


@admin.register(JWTIdentity)
class JWTIdentityAdmin(ModelAdmin):
    """Issuer, subject and account.

    An identity is a way to sign in as its account. So adding, changing or deleting one needs the permission for
    identities and the permission to change the account; moving one needs it for both accounts.
    """

    list_display = ("subject", "issuer", "user", "is_service", "created_at")
    list_filter = ("issuer", "is_service")
    search_fields = ("subject",)
    raw_id_fields: ClassVar[Any] = ("user",)

    def has_change_permission(self, request: HttpRequest, obj: JWTIdentity | None = None) -> bool:
        """Return whether the identity, and the account it points to, may be changed."""
        return super().has_change_permission(request, obj) and self._may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: JWTIdentity | None = None) -> bool:
        """Return whether the identity may be deleted and its account changed: deleting one may lift a ban."""
        return super().has_delete_permission(request, obj) and self._may_change(request, obj)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Return the identity of a form; raise ``PermissionDenied`` if this user may not change its account."""
        identity = super().save_form(request, form, change)
        if not self._may_change(request, identity):
            raise PermissionDenied
        return identity

    def _may_change(self, request: HttpRequest, identity: JWTIdentity | None) -> bool:
        if identity is None:
            return True
        model: Any = get_user_model()
        if self.admin_site.is_registered(
            model
        ):  # it may have rules of its own, for superusers or single accounts
            return self.admin_site.get_model_admin(model).has_change_permission(request, identity.user)
        codename = get_permission_codename("change", model._meta)
        user: Any = request.user
        return bool(user.has_perm(f"{model._meta.app_label}.{codename}"))
