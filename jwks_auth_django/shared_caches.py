"""Django's own page cache, beside tokens: no answer to an accepted token is stored.

It stores one page for everybody, unless the view's own answer varies. Of ``Authorization`` it knows that pages depend
on it (Django 5.2.15), but for those that say ``public``; of another ``HEADER`` nothing. And ``cache_page`` closer to
the view than we are asks nobody.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.middleware.cache import UpdateCacheMiddleware

from jwks_auth_django.conf import installed

__all__ = ["is_stored", "is_stored_site_wide", "keep_out_of_cache"]

_UPDATES = "django.middleware.cache.UpdateCacheMiddleware"
_HANDLERS = ("dispatch", "get", "head", "list", "retrieve")


def keep_out_of_cache(request: HttpRequest) -> None:
    """Have Django's cache store no answer to *request*, whose token was accepted."""
    found: Any = request.__class__
    request.__class__ = _never_stored(found)


def is_stored(view: Any) -> bool:
    """Return whether ``cache_page`` stores the answers of *view*, or of its class."""
    owner = getattr(view, "view_class", None) or getattr(view, "cls", None)
    handlers = [getattr(owner, name) for name in _HANDLERS if hasattr(owner, name)]
    return any(_is_cache(each) for each in _within([view, *handlers]))


def is_stored_site_wide() -> bool:
    """Return whether ``MIDDLEWARE`` stores every page."""
    return any(installed(settings.MIDDLEWARE, _UPDATES))


def _is_cache(found: Any) -> bool:
    """Return whether it is the middleware within ``cache_page``, or its class under ``method_decorator``."""
    return issubclass(found if isinstance(found, type) else type(found), UpdateCacheMiddleware)


@functools.cache
def _never_stored(request_class: Any) -> Any:
    # The cache notes on the request that it will store the answer; a property with a setter has the last word.
    fields: dict[str, Any] = {
        "__module__": request_class.__module__,
        "__qualname__": request_class.__qualname__,
        "_cache_update_cache": property(lambda request: False, lambda request, value: None),
    }
    return type(request_class.__name__, (request_class,), fields)


def _within(found: list[Any]) -> Iterator[Any]:
    """Everything that decorators enclose, the views first."""
    seen: set[int] = set()
    while found:
        each = found.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, functools.partial):
            found.append(each.func)
        elif isinstance(each, list | tuple):
            found.extend(each)
        elif inspect.isroutine(each):
            found.append(getattr(each, "__wrapped__", None))
            found.extend(_cells(each))


def _cells(function: Any) -> Iterator[Any]:
    for cell in getattr(function, "__closure__", None) or ():
        with suppress(ValueError):  # an empty cell
            yield cell.cell_contents
