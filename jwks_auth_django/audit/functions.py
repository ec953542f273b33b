"""Guards of functions: ``require_jwt``, ``user_passes_test`` and the decorators made of it, the admin."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite

from jwks_auth.adapters import Requirement
from jwks_auth_django.audit.layers import known, named
from jwks_auth_django.audit.verdicts import OPEN, Verdict
from jwks_auth_django.internals import (
    ADMIN_WRAPPERS,
    cells,
    code_of,
    enclosed,
    module,
    permissions_asked,
    test_of,
)

__all__ = ["guard_of"]


def guard_of(function: Any) -> Verdict:
    """Return the verdict on *function* as a wrapper: its own check, before it calls the function within."""
    if module(function) == "jwks_auth_django.decorators":
        asked = next((each for each in enclosed(function) if isinstance(each, Requirement)), None)
        return OPEN if asked is None else Verdict(f"require_jwt: {asked}")
    if (test := test_of(function)) is not None:
        return _test(test)
    return _admin(cells(function)["self"]) if code_of(function) in ADMIN_WRAPPERS else OPEN


def _test(test: Any) -> Verdict:
    """Return the verdict on a test; only Django's own tests are known."""
    if not known(test):
        return Verdict(doubt=f"user_passes_test asks {named(test)}, which may let anybody in")
    if permissions_asked(test) in ((), []):
        return Verdict(doubt="permission_required names no permission")
    return Verdict(str(code_of(test)[1]).partition(".")[0])


def _admin(owner: Any) -> Verdict:
    site = getattr(owner, "admin_site", owner)
    for name in ("has_permission", "admin_view"):
        if getattr(type(site), name, None) is not getattr(AdminSite, name):
            return Verdict(doubt=f"{type(site).__name__}.{name} is the project's own")
    return Verdict("admin")
