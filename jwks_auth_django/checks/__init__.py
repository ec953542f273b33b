"""``manage.py check``: each mistake has an id of its own, and a hint at the remedy."""

from jwks_auth_django.checks.apis import check_apis
from jwks_auth_django.checks.checklist import check_list
from jwks_auth_django.checks.database import check_migrations, check_migrations_of_deployment
from jwks_auth_django.checks.frameworks import check_frameworks
from jwks_auth_django.checks.project import check_installation, check_issuers, check_views
from jwks_auth_django.checks.settings import check_settings

__all__ = [
    "check_apis",
    "check_frameworks",
    "check_installation",
    "check_issuers",
    "check_list",
    "check_migrations",
    "check_migrations_of_deployment",
    "check_settings",
    "check_views",
]
