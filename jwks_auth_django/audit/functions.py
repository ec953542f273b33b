"""Guards of functions: ``require_jwt``, ``user_passes_test`` and what is made of it, the admin."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite

from jwks_auth.adapters import Requirement
from jwks_auth_django.audit.layers import cells, known, module, named
from jwks_auth_django.audit.verdicts import OPEN, Verdict

__all__ = ["guard_of"]

_ADMIN = {
    ("django.contrib.admin.sites", "AdminSite.get_urls.<locals>.wrap.<locals>.wrapper"),
    ("django.contrib.admin.sites", "AdminSite.admin_view.<locals>.inner"),
    ("django.contrib.admin.options", "ModelAdmin.get_urls.<locals>.wrap.<locals>.wrapper"),
}


def guard_of(function: Any) -> Verdict:
    """The verdict on *function* alone, as a wrapper: what it asks before it calls what it encloses."""
    where, enclosed = module(function), cells(function)
    if where == "jwks_auth_django.decorators":
        asked = next((each for each in enclosed.values() if isinstance(each, Requirement)), None)
        return OPEN if asked is None else Verdict(f"require_jwt: {asked}")
    if where == "django.contrib.auth.decorators" and "test_func" in enclosed:
        return _test(enclosed["test_func"])
    if (where, function.__code__.co_qualname) in _ADMIN:
        return _admin(enclosed["self"])
    return OPEN


def _test(test: Any) -> Verdict:
    """Of Django's own tests it is known what they ask."""
    if not known(test):
        return Verdict(doubt=f"user_passes_test asks {named(test)}, which may let anybody in")
    if cells(test).get("perms", True) in ((), []):
        return Verdict(doubt="permission_required names no permission")
    return Verdict(test.__code__.co_qualname.partition(".")[0])


def _admin(owner: Any) -> Verdict:
    site = getattr(owner, "admin_site", owner)
    for name in ("has_permission", "admin_view"):
        if getattr(type(site), name, None) is not getattr(AdminSite, name):
            return Verdict(doubt=f"{type(site).__name__}.{name} is the project's own")
    return Verdict("admin")
