"""``manage.py check``: every mistake by an id of its own, with what to do about it."""

from jwks_auth_django.checks.project import check_installation, check_issuers, check_views
from jwks_auth_django.checks.settings import check_settings

__all__ = ["check_installation", "check_issuers", "check_settings", "check_views"]
