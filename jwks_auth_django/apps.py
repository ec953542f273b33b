"""The Django application: registers system checks, and schemas where drf-spectacular is; no I/O, no thread."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

__all__ = ["JWKSAuthConfig"]


class JWKSAuthConfig(AppConfig):
    """``INSTALLED_APPS += ["jwks_auth_django"]``."""

    name = "jwks_auth_django"
    verbose_name = _("JWT authentication")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks of ``manage.py check``, and give every request a token of ``None``."""
        from jwks_auth_django import checks

        # For views that are called without the middleware, as with a RequestFactory's request.
        HttpRequest.token = None  # type: ignore[attr-defined]
        register(checks.check_settings, Tags.security)
        register(checks.check_installation, Tags.security)
        register(checks.check_views, Tags.urls)
        register(checks.check_apis, Tags.urls)
        register(checks.check_frameworks, Tags.urls)
        register(checks.check_issuers, Tags.security, deploy=True)
        register(checks.check_list, Tags.security, deploy=True)
        register(checks.check_migrations, Tags.database)
        register(checks.check_migrations_of_deployment, Tags.security, deploy=True)
        if self.apps is not None and self.apps.is_installed("drf_spectacular"):
            import_module("jwks_auth_django.spectacular")  # which registers itself
