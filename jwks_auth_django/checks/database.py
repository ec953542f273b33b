"""The database of identities and accounts, for ``check --database`` and ``check --deploy``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from jwks_auth_django.checks.messages import warning
from jwks_auth_django.conf import project
from jwks_auth_django.schema import unapplied_migrations

__all__ = ["check_migrations", "check_migrations_of_deployment"]


def check_migrations(
    app_configs: Any = None, databases: Collection[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that the database named on the command line has the tables, if identities are kept there."""
    using = _database_of_identities()
    return _migrations(using) if using is not None and using in (databases or ()) else []


def check_migrations_of_deployment(
    app_configs: Any = None, databases: Collection[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Check the same of the project's own database, if there is one where this runs."""
    using = _database_of_identities()
    return _migrations(using) if using is not None and using not in (databases or ()) else []


def _migrations(using: str) -> list[CheckMessage]:
    try:
        missing = unapplied_migrations(using)
    except (
        DatabaseError
    ):  # it may be out of reach where a release is built, and Django 6.1 names it in each check
        return []
    if not missing:
        return []
    # No error: that would keep "migrate" itself from running.
    return [
        warning(
            "W030",
            _(
                "The database {using!r} lacks {missing}: where tokens need it, they are answered with 503"
            ).format(using=using, missing=", ".join(missing)),
            _("Run manage.py migrate --database {using}").format(using=using),
        )
    ]


def _database_of_identities() -> str | None:
    """Return the database's alias; ``None`` if the settings keep no identities, or are wrong."""
    try:
        stores = [config.users for config in project().all]
    except ImproperlyConfigured:  # told by check_settings
        return None
    from jwks_auth_django.users.identities import database  # once there are models
    from jwks_auth_django.users.provisioning import DatabaseUsers

    return database() if any(isinstance(store, DatabaseUsers) for store in stores) else None
