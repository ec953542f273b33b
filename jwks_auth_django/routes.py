"""Every URL pattern and what guards it, for ``manage.py jwks routes`` and the system checks."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import AccessMixin
from django.urls import URLPattern, URLResolver, get_resolver

from jwks_auth.adapters import Requirement
from jwks_auth_django.conf import installed

__all__ = ["Route", "routes"]

_LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


@dataclass(frozen=True, slots=True)
class Route:
    """A URL pattern, its view, and what guards it: ``None`` where nothing does and nothing says it is public."""

    path: str
    view: str
    guard: str | None
    requirements: tuple[Requirement, ...] = ()


def routes() -> Iterator[Route]:
    """The routes of ``ROOT_URLCONF``, in the order Django tries them."""
    deny_by_default = any(installed(settings.MIDDLEWARE, _LOGIN_REQUIRED))
    for path, view in _patterns(get_resolver(), "/"):
        for suffix, guard in _guards(view, deny_by_default):
            yield Route(path + suffix, _name(view), guard, getattr(view, "jwks_auth", ()))


def _patterns(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield path, pattern.callback
        else:
            yield from _patterns(pattern, path)


def _guards(view: Any, deny_by_default: bool) -> Iterator[tuple[str, str | None]]:
    """What guards *view*; where one view serves several methods with guards of their own, each of them."""
    operations = list(_ninja_operations(view))
    for operation in operations:
        names = [type(each).__name__ for each in operation.auth_callbacks]
        yield f" [{' '.join(operation.methods)}]", " or ".join(names) or None
    if not operations:
        yield "", _guard(view, deny_by_default)


def _guard(view: Any, deny_by_default: bool) -> str | None:
    requirements = getattr(view, "jwks_auth", ())
    owner = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if requirements:
        return " and ".join(_described(requirement) for requirement in requirements)
    if hasattr(owner, "permission_classes"):
        return _drf_guard(owner)
    if isinstance(owner, type) and issubclass(owner, AccessMixin):
        return next(c.__name__ for c in owner.__mro__ if c.__module__ == AccessMixin.__module__)
    if hasattr(view, "model_admin") or hasattr(view, "admin_site"):
        return "admin"
    if hasattr(view, "login_url"):
        return "login_required or user_passes_test"
    if not getattr(view, "login_required", True):
        return "public: login_not_required"
    return "LoginRequiredMiddleware" if deny_by_default else None


def _described(requirement: Requirement) -> str:
    if requirement.optional:
        return "require_jwt, optional"
    asked = requirement.policy.describe() if requirement.policy else "any good token"
    return f"require_jwt: {asked}" + (f", audience {requirement.audience}" if requirement.audience else "")


def _drf_guard(view_class: Any) -> str | None:
    permissions = [str(getattr(each, "__name__", each)) for each in view_class.permission_classes]
    return None if not permissions or permissions == ["AllowAny"] else f"DRF: {', '.join(permissions)}"


def _ninja_operations(view: Any) -> Iterator[Any]:
    """The operations of a Ninja view, which encloses them; none where Ninja is not even loaded."""
    ninja = sys.modules.get("ninja.operation")
    enclosed = [cell.cell_contents for cell in getattr(inspect.unwrap(view), "__closure__", None) or ()]
    for cell in enclosed:
        if ninja is not None and isinstance(cell, ninja.PathView):
            yield from cell.operations


def _name(view: Any) -> str:
    owner = getattr(view, "view_class", None) or getattr(view, "cls", None) or inspect.unwrap(view)
    return f"{owner.__module__}.{getattr(owner, '__qualname__', type(owner).__name__)}"
