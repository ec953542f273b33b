"""Every URL pattern and what guards it, for ``manage.py jwks routes`` and the system checks."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import AccessMixin
from django.urls import URLPattern, URLResolver, get_resolver

from jwks_auth.adapters import Requirement
from jwks_auth.cli import RouteRow
from jwks_auth_django.conf import installed

__all__ = ["requirements", "rows", "views"]

_LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


_ADMIN_VIEW = "AdminSite.admin_view.<locals>.inner"


def rows() -> Iterator[RouteRow]:
    """The routes of ``ROOT_URLCONF``, in the order Django tries them.

    The guard of a route is ``None`` where nothing guards it, and nothing says that it is public.
    """
    deny_by_default = any(installed(settings.MIDDLEWARE, _LOGIN_REQUIRED))
    for path, view in _patterns(get_resolver(), "/"):
        operations = list(_ninja_operations(view))
        for operation in operations:
            names = [_ninja_guard(each) for each in operation.auth_callbacks]
            yield RouteRow(path, " ".join(operation.methods), " or ".join(names) or None)
        if not operations:
            yield RouteRow(path, _methods(view), _guard(view, deny_by_default))


def requirements() -> Iterator[tuple[str, Requirement]]:
    """The path of each route and what its ``require_jwt`` asks; several where guards are nested."""
    for path, view in _patterns(get_resolver(), "/"):
        for requirement in getattr(view, "jwks_auth", ()):
            yield path, requirement


def views() -> Iterator[tuple[str, Any]]:
    """The path of each route and its view."""
    return _patterns(get_resolver(), "/")


def _patterns(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield path, pattern.callback
        else:
            yield from _patterns(pattern, path)


def _guard(view: Any, deny_by_default: bool) -> str | None:
    asked = getattr(view, "jwks_auth", ())
    owner = _owner(view)
    if asked:
        return " and ".join(f"require_jwt: {requirement}" for requirement in asked)
    if hasattr(owner, "permission_classes"):
        return _drf_guard(owner)
    if isinstance(owner, type) and issubclass(owner, AccessMixin):
        return next(c.__name__ for c in owner.__mro__ if c.__module__ == AccessMixin.__module__)
    if hasattr(view, "model_admin") or hasattr(view, "admin_site") or _is_admin_view(view):
        return "admin"
    if hasattr(view, "login_url"):
        return "login_required or user_passes_test"
    if not getattr(view, "login_required", True):
        return "public: login_not_required"
    if deny_by_default:
        return "LoginRequiredMiddleware"
    return "public: API documentation" if _is_ninja_documentation(view) else None


def _drf_guard(view_class: Any) -> str | None:
    permissions = [_composed(each) for each in view_class.permission_classes]
    return None if not permissions or permissions == ["AllowAny"] else f"DRF: {', '.join(permissions)}"


def _composed(permission: Any) -> str:
    """A permission class, or DRF's compositions of them, as they are written."""
    operands = [getattr(permission, name, None) for name in ("op1_class", "op2_class")]
    first, second = [_composed(operand) if operand is not None else None for operand in operands]
    if first is None:
        return str(getattr(permission, "__name__", permission))
    operator = permission.operator_class.__name__.replace("NegatedToken", "NOT")
    return f"{operator} {first}" if second is None else f"({first} {operator} {second})"


def _ninja_operations(view: Any) -> Iterator[Any]:
    """The operations of a Ninja view, which encloses them; none where Ninja is not even loaded."""
    ninja = sys.modules.get("ninja.operation")
    for enclosed in _enclosed(inspect.unwrap(view)):
        if ninja is not None and isinstance(enclosed, ninja.PathView):
            yield from enclosed.operations


def _ninja_guard(callback: Any) -> str:
    """What ``auth`` lists, with what it asks where it is ours."""
    name = getattr(callback, "__name__", type(callback).__name__)
    requirement = getattr(callback, "requirement", None)
    return f"{name}: {requirement}" if isinstance(requirement, Requirement) else str(name)


def _is_ninja_documentation(view: Any) -> bool:
    """Whether Ninja made it beside the operations: its root, its schema, and the page that shows it."""
    function = view.func if isinstance(view, functools.partial) else view
    return getattr(function, "__module__", "") == "ninja.openapi.views"


def _is_admin_view(view: Any) -> bool:
    """Whether it went through ``AdminSite.admin_view``, which keeps its name to itself."""
    return any(each.__code__.co_qualname == _ADMIN_VIEW for each in _layers(view))


def _layers(view: Any) -> list[Any]:
    """A view and the functions its decorators enclose."""
    found = [view] if inspect.isfunction(view) else []
    for layer in found:  # which grows
        found += [each for each in _enclosed(layer) if inspect.isfunction(each) and each not in found]
    return found


def _enclosed(function: Any) -> Iterator[Any]:
    for cell in getattr(function, "__closure__", None) or ():
        with suppress(ValueError):  # an empty cell
            yield cell.cell_contents


def _owner(view: Any) -> Any:
    """The class of a class-based view, DRF's among them."""
    return getattr(view, "view_class", None) or getattr(view, "cls", None)


def _methods(view: Any) -> str:
    """The methods a class-based view has handlers for; a function takes any."""
    owner = _owner(view)
    names = getattr(owner, "http_method_names", ())
    return " ".join(name.upper() for name in names if name != "options" and hasattr(owner, name)) or "any"
