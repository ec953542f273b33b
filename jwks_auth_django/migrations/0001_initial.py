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
                ("issuer", models.CharField(max_length=255)),
                ("subject", models.CharField(max_length=255)),
                (
                    "is_service",
                    models.BooleanField(
                        default=False, help_text="Made for a service's token, and not for a person's"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "last_seen_at",
                    models.DateTimeField(editable=False, help_text="Correct to the hour", null=True),
                ),
                (
                    "blocked_at",
                    models.DateTimeField(
                        blank=True, help_text="Since then, no token of this identity is accepted", null=True
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
