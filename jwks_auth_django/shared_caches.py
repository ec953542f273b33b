"""Django's own page cache beside tokens: the places where it stores pages.

It stores one page for everybody, unless the view's answer varies. It treats pages as dependent on ``Authorization``
(Django 5.2.15), except those marked ``public``, but not on the other places of ``TOKEN_SOURCES``. No answer to an
accepted token is stored (``internals.keep_out_of_cache``).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.middleware.cache import UpdateCacheMiddleware

from jwks_auth_django.conf import installed
from jwks_auth_django.internals import enclosed

__all__ = ["is_stored", "is_stored_site_wide"]

_UPDATES = "django.middleware.cache.UpdateCacheMiddleware"
_HANDLERS = ("dispatch", "get", "head", "list", "retrieve")


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
            found.extend(enclosed(each))
