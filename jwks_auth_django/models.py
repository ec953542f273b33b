"""Identities: the account of an issuer's subject. Used by ``"USER": {"STORE": "database"}`` only."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

__all__ = ["JWTIdentity", "block_orphans"]


def block_orphans(collector: Any, field: Any, sub_objs: Any, using: Any) -> None:
    """Keep the identities of deleted accounts, and block them: an ``on_delete``.

    Without its row, the next token of a deleted account's person would make the account anew.
    """
    blocked_at = field.model._meta.get_field("blocked_at")
    # First this one: the rows are found by their account, which the second takes from them. Updates are grouped by
    # their value, so this is one that is the same in every batch of accounts.
    collector.add_field_update(blocked_at, Now(), sub_objs.filter(blocked_at=None))
    models.SET_NULL(collector, field, sub_objs, using)


class JWTIdentity(models.Model):
    """One subject of one issuer, and the account it signs in to.

    Only this pair is stable in OpenID Connect (Core section 5.7): e-mail addresses and user names are reassigned. An
    account may have several identities. A blocked one signs in to nothing. One without an account was its account's,
    which has been deleted; once it is unblocked, it is a newcomer's.
    """

    issuer: models.CharField[str, str] = models.CharField(_("issuer"), max_length=255)
    subject: models.CharField[str, str] = models.CharField(_("subject"), max_length=255)
    user_id: Any
    user: Any = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=block_orphans,
        null=True,
        related_name="jwt_identities",
        verbose_name=_("account"),
    )
    is_service: models.BooleanField[bool, bool] = models.BooleanField(
        _("is a service"), default=False, help_text=_("Made for a service's token, and not for a person's")
    )
    created_at: models.DateTimeField[Any, Any] = models.DateTimeField(_("created at"), auto_now_add=True)
    last_seen_at: models.DateTimeField[Any, Any] = models.DateTimeField(
        _("last seen at"), null=True, editable=False, help_text=_("Correct to the hour")
    )
    blocked_at: models.DateTimeField[Any, Any] = models.DateTimeField(
        _("blocked at"),
        null=True,
        blank=True,
        help_text=_("Since then, no token of this identity is accepted"),
    )
    claims_digest: models.TextField[str, str] = models.TextField(default="", editable=False)

    class Meta:  # noqa: D106  # Django's place for these
        verbose_name = _("JWT identity")
        verbose_name_plural = _("JWT identities")
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="jwks_auth_identity")]

    def __str__(self) -> str:
        return gettext("{subject} at {issuer}").format(subject=self.subject, issuer=self.issuer)
