"""Functions of Django, DRF and Ninja. What a decorator made shows only in what it encloses: every decorator copies
attributes, and they prove nothing.

The names of variables and of code are Django's (5.2.19), DRF's (3.18.3) and Ninja's (1.7.1).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

__all__ = [
    "ADMIN_WRAPPERS",
    "MADE_OF_A_CLASS",
    "cells",
    "code_of",
    "decorators_of",
    "enclosed",
    "module",
    "permissions_asked",
    "test_of",
    "without_partials",
]

MADE_OF_A_CLASS = {
    ("django.views.generic.base", "View.as_view.<locals>.view"),
    ("rest_framework.viewsets", "ViewSetMixin.as_view.<locals>.view"),
}
"""The code of the functions that ``as_view()`` returns; they enclose ``cls`` and ``initkwargs``."""

ADMIN_WRAPPERS = {
    ("django.contrib.admin.sites", "AdminSite.get_urls.<locals>.wrap.<locals>.wrapper"),
    ("django.contrib.admin.sites", "AdminSite.admin_view.<locals>.inner"),
    ("django.contrib.admin.options", "ModelAdmin.get_urls.<locals>.wrap.<locals>.wrapper"),
}
"""The code of the functions that ask for a member of the staff; they enclose ``self``, a site or a model's admin."""


def without_partials(function: Any) -> Any:
    """The function itself: of a bound method, of a partial."""
    while isinstance(function, functools.partial) or inspect.ismethod(function):
        function = function.func if isinstance(function, functools.partial) else function.__func__
    return function


def code_of(function: Any) -> tuple[str, str | None]:
    """The module of *function*'s code, whatever names it has been given, and its name there; no name: no function."""
    function = without_partials(function)
    code = getattr(function, "__code__", None)
    return module(function), None if code is None else code.co_qualname


def module(function: Any) -> str:
    """The module that *function*'s code is of."""
    return str(getattr(without_partials(function), "__globals__", {}).get("__name__", ""))


def cells(function: Any) -> dict[str, Any]:
    """Return the objects that *function* encloses, by name; names without a value are left out."""
    function = without_partials(function)
    found = {}
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    for name, cell in zip(names, getattr(function, "__closure__", None) or (), strict=True):
        with suppress(ValueError):  # an empty cell
            found[name] = cell.cell_contents
    return found


def enclosed(function: Any) -> Iterable[Any]:
    """Return the objects that *function* encloses."""
    return cells(function).values()


def decorators_of(method: Any) -> tuple[Any, Any] | None:
    """The decorators, and the method they are around, of what ``method_decorator`` made; ``None`` of any other."""
    found = cells(method)
    return (found["decorators"], found["method"]) if found.keys() >= {"decorators", "method"} else None


def test_of(function: Any) -> Any:
    """Return the test that ``user_passes_test`` put around a view; ``None`` for any other function."""
    return cells(function).get("test_func") if module(function) == "django.contrib.auth.decorators" else None


def permissions_asked(test: Any) -> Any:
    """Return the permissions that a test of ``permission_required`` names; ``None`` for any other."""
    return cells(test).get("perms")
