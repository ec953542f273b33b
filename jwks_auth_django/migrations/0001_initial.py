"""The table of identities."""

from django.conf import settings
from django.db import migrations, models

import jwks_auth_django.models


class Migration(migrations.Migration):
    """Create ``JWTIdentity``."""

    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="JWTIdentity",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("issuer", models.CharField(max_length=255, verbose_name="issuer")),
                ("subject", models.CharField(max_length=255, verbose_name="subject")),
                (
                    "is_service",
                    models.BooleanField(
                        default=False,
                        help_text="Made for a service's token, and not for a person's",
                        verbose_name="is a service",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "last_seen_at",
                    models.DateTimeField(
                        editable=False,
                        help_text="Correct to the hour",
                        null=True,
                        verbose_name="last seen at",
                    ),
                ),
                (
                    "blocked_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Since then, no token of this identity is accepted",
                        null=True,
                        verbose_name="blocked at",
                    ),
                ),
                ("claims_digest", models.TextField(default="", editable=False)),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=jwks_auth_django.models.block_orphans,
                        related_name="jwt_identities",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
            ],
            options={
                "verbose_name": "JWT identity",
                "verbose_name_plural": "JWT identities",
                "constraints": [
                    models.UniqueConstraint(fields=("issuer", "subject"), name="jwks_auth_identity")
                ],
            },
        ),
    ]
