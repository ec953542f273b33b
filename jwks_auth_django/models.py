"""Identities: the account of an issuer's subject. Used by ``"USER": {"STORE": "database"}`` only."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

__all__ = ["JWTIdentity"]


class JWTIdentity(models.Model):
    """One subject of one issuer, and the account it signs in to.

    Only this pair is stable in OpenID Connect (Core section 5.7): e-mail addresses and user names are reassigned. An
    account may have several identities.
    """

    issuer: models.CharField[str, str] = models.CharField(max_length=255)
    subject: models.CharField[str, str] = models.CharField(max_length=255)
    user: Any = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="jwt_identities"
    )
    is_service: models.BooleanField[bool, bool] = models.BooleanField(
        default=False, help_text="Made for a service's token, and not for a person's"
    )
    created_at: models.DateTimeField[Any, Any] = models.DateTimeField(auto_now_add=True)

    class Meta:  # noqa: D106  # Django's place for these
        verbose_name = "JWT identity"
        verbose_name_plural = "JWT identities"
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="jwks_auth_identity")]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"
