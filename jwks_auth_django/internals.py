"""Private parts of Django, Django REST framework and Ninja: every use of one, with its reason.

None is documented, so each may change in any release: the versions are those it was seen in. Where an attribute may
be gone one day, what asks for it does without. DRF's operators for permissions are in ``composition``, as that module
can be imported only where DRF is.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from django.http import HttpRequest

__all__ = [
    "ADMIN_WRAPPERS",
    "MADE_OF_A_CLASS",
    "NoPermissionsStored",
    "adopt",
    "answers_of",
    "cells",
    "code_of",
    "decorators_of",
    "enclosed",
    "ignores_models",
    "import_client",
    "in_test_runner",
    "keep_out_of_cache",
    "module",
    "operands",
    "permissions_asked",
    "replace_method",
    "test_of",
    "without_partials",
]

# -- Functions. What a decorator made shows only in what it encloses: attributes are copied by every decorator, and
#    prove nothing. The names of variables and of code are Django's (5.2.19), DRF's (3.18.3) and Ninja's (1.7.1).

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
    """The question that ``user_passes_test`` put around a view; ``None`` for any other function."""
    return cells(function).get("test_func") if module(function) == "django.contrib.auth.decorators" else None


def permissions_asked(test: Any) -> Any:
    """The permissions that a question of ``permission_required`` names; ``None`` for any other."""
    return cells(test).get("perms")


# -- Django's requests, users and caches.


def adopt(request: HttpRequest, user: Any, auser: Callable[[], Any]) -> None:
    """Make *user* the request's in every place Django looks, and have it enforce no CSRF check.

    ``AuthenticationMiddleware`` looks in ``_cached_user`` and ``_acached_user`` before it asks the session, and it may
    stand after ours (Django 5.2.19). CSRF protects what a browser sends by itself; a header with a good token it does
    not. ``_dont_enforce_csrf_checks`` is how Django's own test client says so: a middleware has no view to mark.
    """
    state: dict[str, Any] = request.__dict__
    state["user"] = state["_cached_user"] = state["_acached_user"] = user
    state["auser"] = auser
    state["_dont_enforce_csrf_checks"] = True


def keep_out_of_cache(request: HttpRequest) -> None:
    """Have Django's page cache store no answer to *request*.

    ``cache_page`` and ``FetchFromCacheMiddleware`` note in ``_cache_update_cache`` that the answer will be stored
    (Django 5.2.19), and may do so after us: a property has the last word. ``Cache-Control`` on the answer would come
    too late for a ``cache_page`` within the guard, and would tell the client what it need not know.
    """
    found: Any = request.__class__
    request.__class__ = _never_stored(found)


@functools.cache
def _never_stored(request_class: Any) -> Any:
    fields: dict[str, Any] = {
        "__module__": request_class.__module__,
        "__qualname__": request_class.__qualname__,
        "_cache_update_cache": property(lambda request: False, lambda request, value: None),
    }
    return type(request_class.__name__, (request_class,), fields)


class NoPermissionsStored:
    """A user of whom ``ModelBackend`` finds no permissions, and asks no database.

    It looks for what it found before under these names (Django 5.2.19), and would make a query with the user's ``pk``.
    """

    _perm_cache = _user_perm_cache = _group_perm_cache = frozenset[str]()


def in_test_runner() -> bool:
    """Return whether ``setup_test_environment`` was called, as every test runner for Django does.

    It keeps what it replaced in ``_TestState.saved_data`` (Django 5.2.19), and says so nowhere else.
    """
    state: Any = sys.modules.get("django.test.utils")  # which a server has no reason to import
    return state is not None and hasattr(state._TestState, "saved_data")


def import_client(cache: Any) -> None:
    """Have a cache's backend import its client library now, which ``_cache`` does (Django 5.2.19)."""
    getattr(cache, "_cache", None)


# -- Django REST framework 3.18.3.


def operands(permission: Any) -> list[Any]:
    """The permissions that a composition asks: ``op1`` and ``op2`` of ``AND``, ``OR`` and ``NOT``."""
    return [getattr(permission, name) for name in ("op1", "op2") if hasattr(permission, name)]


def ignores_models(view: Any) -> bool:
    """Return whether ``DjangoModelPermissions`` lets everybody into *view*, as into the root of a router."""
    return bool(getattr(view, "_ignore_model_permissions", False))


def replace_method(view: Any, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Put *method* in place of one of this view's, which lives as long as its request; return the one that was.

    Permissions and authentication see no answer, and DRF asks them for none: its view makes it, from these methods.
    """
    found: Callable[..., Any] = getattr(view, name)
    setattr(view, name, method)
    return found


# -- Ninja 1.7.1.


def answers_of(operation: Any) -> Iterator[tuple[Any, str]]:
    """The methods, as owner and name, that make an operation's answer: of a result, a stream, or an error.

    An authentication sees no answer; these are looked up on the operation and its API after it. Not all versions have
    the ones for streams.
    """
    yield operation.api, "on_exception"
    for name in ("_result_to_response", "_stream_response", "_async_stream_response"):
        if hasattr(operation, name):
            yield operation, name
