"""A flag for identities of services."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add ``JWTIdentity.is_service``."""

    dependencies = [("jwks_auth_django", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="jwtidentity",
            name="is_service",
            field=models.BooleanField(
                default=False, help_text="Made for a service's token, and not for a person's"
            ),
        ),
    ]
