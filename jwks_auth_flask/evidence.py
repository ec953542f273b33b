"""Doubt about marks on views: a view may be marked as guarded and still answer without its guard.

Decorators copy marks with a function's name (``functools.wraps``), even if they do not call the function, and a class
need not call its methods. A doubtful mark is shown as such in a table of routes, and exempts nothing from a guard.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from flask import Flask
from flask.views import MethodView

from jwks_auth_flask import decorators
from jwks_auth_flask.decorators import PUBLIC, stamps_of
from jwks_auth_flask.internals import (
    DISPATCHERS,
    class_of,
    is_cache,
    is_flasks,
    layers_of,
    name_of,
    place_of,
    references_of,
)

__all__ = ["cache_above", "calls_method", "doubt_about", "doubt_about_guards", "is_public"]


def doubt_about(view: Any) -> str | None:
    """Return the reason why *view* may run without its guards; ``None`` if it is sure to run them."""
    while stamps := stamps_of(view):
        inner = getattr(view, "__wrapped__", None)
        added = len(stamps) > len(stamps_of(inner))
        place = place_of(view)
        if is_cache(view):
            return f"{place} answers without asking the guard below it"
        if not _holds(view, inner) or (added and place != decorators.__name__):
            return f"{name_of(view)} is marked as guarded, but may not call what is"
        view = inner
    return None


def cache_above(view: Any) -> str | None:
    """Return the package of a cache that stands above a guard of *view*; ``None`` if there is none."""
    guarded = [each for each in layers_of(view) if stamps_of(each)]
    return next((place_of(each).partition(".")[0] for each in guarded if is_cache(each)), None)


def is_public(view: Any) -> bool:
    """Return whether *view* is what ``public`` returned, or is sure to call it: the mark alone may be a copy."""
    while hasattr(view, PUBLIC):
        inner = getattr(view, "__wrapped__", None)
        if not hasattr(inner, PUBLIC):
            return not isinstance(view, FunctionType) or place_of(view) == decorators.__name__
        if not _holds(view, inner):
            return False
        view = inner
    return False


def doubt_about_guards(app: Flask) -> str | None:
    """Return the reason why the app may not run the guards around its views."""
    for step in (app.full_dispatch_request, app.preprocess_request):
        if not is_flasks(step):
            return f"{name_of(step)} may not ask the guards"
    return None


def calls_method(view: Any) -> bool:
    """Return whether a class-based view is sure to answer a request by the method of its class named like it."""
    made = place_of(class_of(view).dispatch_request) in DISPATCHERS
    while made and (inner := getattr(view, "__wrapped__", None)) is not None:
        made, view = _holds(view, inner), inner
    return made and place_of(view) == MethodView.__module__


def _holds(view: Any, inner: Any) -> bool:
    """Return whether *view* refers to *inner* by more than the ``__wrapped__`` of ``functools.wraps``."""
    if inner is None:
        return False
    # A proxy's class has that attribute, not its dictionary: it does call the function.
    return hasattr(type(view), "__wrapped__") or any(each is inner for each in references_of(view))
