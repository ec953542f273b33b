"""The checklist before production, with ``check --deploy``: one message, which fails nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured

from jwks_auth import cli
from jwks_auth_django.checks.messages import information
from jwks_auth_django.conf import project
from jwks_auth_django.routes import rows

__all__ = ["check_list"]


def check_list(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Show the list of ``manage.py jwks check``; what can be told to be wrong, others of these checks warn of."""
    try:
        found = project()
    except ImproperlyConfigured:
        return []  # told by check_settings
    routes = tuple(rows())
    about = {"debug": settings.DEBUG, "routes": routes}
    items = {item: None for config in found.all for item in cli.checklist(config.authenticator, **about)}
    lines = "\n".join(f"    {line}" for line in cli.listed(tuple(items)))
    return [information("I001", f"Before production:\n{lines}")]
