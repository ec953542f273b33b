"""Identities in the admin: a list to link, block and unlink by hand, and an inline for the page of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename, get_user_model
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, ngettext

from jwks_auth_django.conf import project
from jwks_auth_django.models import JWTIdentity

__all__ = ["JWTIdentityAdmin", "JWTIdentityInline"]

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[JWTIdentity]
    TabularInline = admin.TabularInline[JWTIdentity, Any]
else:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline


class _TrustedIssuers(admin.SimpleListFilter):
    """The issuers that the settings name; Django's own filter would read the whole table for them."""

    title = _("issuer")
    parameter_name = "issuer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return them, or none if the settings are wrong or name none."""
        try:
            asked = [config.authenticator.settings.issuers for config in project().all]
        except ImproperlyConfigured:  # told by the checks
            return []
        return [(name, name) for name in dict.fromkeys(name for issuers in asked for name in issuers or ())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of the chosen issuer."""
        return queryset if self.value() is None else queryset.filter(issuer=self.value())


@admin.register(JWTIdentity)
class JWTIdentityAdmin(ModelAdmin):
    """Issuer, subject and account.

    An identity is a way to sign in as its account. So adding, changing, blocking or deleting one needs the permission
    for identities and the permission to change the account; moving one needs it for both accounts.
    """

    list_display = ("subject", "issuer", "user", "is_service", "last_seen_at", "blocked_at", "created_at")
    list_filter = (_TrustedIssuers, "is_service", ("blocked_at", admin.EmptyFieldListFilter))
    list_select_related = ("user",)
    readonly_fields = ("created_at", "last_seen_at")
    raw_id_fields: ClassVar[Any] = ("user",)
    actions = ("block", "unblock")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """The subject, and the account's user name and e-mail address."""
        return ("subject", *(f"user__{name}" for name in _names()))

    @admin.action(permissions=["change"], description=_("Block selected identities"))
    def block(self, request: HttpRequest, queryset: QuerySet[JWTIdentity]) -> None:
        """Block the identities, from their next request on."""
        found = self._changeable(request, queryset.filter(blocked_at=None))
        done = queryset.filter(blocked_at=None).update(blocked_at=timezone.now())
        self._tell(request, found, ngettext("%d identity blocked", "%d identities blocked", done) % done)

    @admin.action(permissions=["change"], description=_("Unblock selected identities"))
    def unblock(self, request: HttpRequest, queryset: QuerySet[JWTIdentity]) -> None:
        """Let the identities sign in again; one whose account was deleted becomes a newcomer's."""
        found = self._changeable(request, queryset.exclude(blocked_at=None))
        done = queryset.exclude(blocked_at=None).update(blocked_at=None)
        self._tell(request, found, ngettext("%d identity unblocked", "%d identities unblocked", done) % done)

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

    def _changeable(self, request: HttpRequest, queryset: QuerySet[JWTIdentity]) -> list[JWTIdentity]:
        """Return the identities; raise ``PermissionDenied`` if this user may not change the account of one."""
        found = list(queryset.select_related("user"))
        if not all(self._may_change(request, identity) for identity in found):
            raise PermissionDenied
        return found

    def _tell(self, request: HttpRequest, changed: list[JWTIdentity], what: str) -> None:
        for identity in changed:
            self.log_change(request, identity, [{"changed": {"fields": [gettext_noop("Blocked at")]}}])
        self.message_user(request, what, messages.SUCCESS)

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


class JWTIdentityInline(TabularInline):
    """The identities of an account, for its page: ``inlines = [JWTIdentityInline]`` in your ``UserAdmin``."""

    model = JWTIdentity
    extra = 0
    fields = ("issuer", "subject", "is_service", "last_seen_at", "blocked_at")
    readonly_fields = ("last_seen_at",)


def _names() -> list[str]:
    """The fields by which people know an account, as far as the user model has them as text."""
    model: Any = get_user_model()
    known = {field.name for field in model._meta.concrete_fields if not field.is_relation}
    wanted = dict.fromkeys((model.USERNAME_FIELD, model.get_email_field_name()))
    return [name for name in wanted if name in known]
