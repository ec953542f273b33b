"""Private parts of Django, Django REST framework and Ninja: every use of one, with its reason.

They are undocumented and may change in any release; each has the version in which it was seen. Code that reads an
attribute also works without it. DRF's operators for permissions are in ``composition``, which only DRF can import.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from django.http import HttpRequest
from django.http.request import split_domain_port

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
    "extend_operations",
    "extend_sessions",
    "host_of",
    "ignores_models",
    "import_client",
    "in_test_runner",
    "is_csrf_exempt",
    "keep_out_of_cache",
    "module",
    "operands",
    "overridden_settings",
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
    """Return the test that ``user_passes_test`` put around a view; ``None`` for any other function."""
    return cells(function).get("test_func") if module(function) == "django.contrib.auth.decorators" else None


def permissions_asked(test: Any) -> Any:
    """Return the permissions that a test of ``permission_required`` names; ``None`` for any other."""
    return cells(test).get("perms")


# -- Django's requests, users and caches.


def adopt(request: HttpRequest, user: Any, auser: Callable[[], Any], *, waives_csrf: bool) -> None:
    """Make *user* the request's in every place that Django reads; with *waives_csrf*, switch off its CSRF check.

    ``AuthenticationMiddleware`` reads ``_cached_user`` and ``_acached_user`` before the session, and may come after our
    middleware (Django 5.2.19). CSRF concerns what a browser sends by itself: a cookie, but never such a header.
    ``_dont_enforce_csrf_checks`` is the switch of Django's own test client; a middleware has no view to exempt.
    """
    state: dict[str, Any] = request.__dict__
    state["user"] = state["_cached_user"] = state["_acached_user"] = user
    state["auser"] = auser
    if waives_csrf:
        state["_dont_enforce_csrf_checks"] = True


def host_of(request: HttpRequest) -> str:
    """Return the host that *request* was sent to, in lower case and without its port.

    Raises ``DisallowedHost``. The function that splits hosts as Django itself does is undocumented (Django 5.2.19).
    """
    return split_domain_port(request.get_host())[0]


def keep_out_of_cache(request: HttpRequest) -> None:
    """Have Django's page cache store no answer to *request*.

    ``cache_page`` and ``FetchFromCacheMiddleware`` set ``_cache_update_cache`` to have the answer stored (Django
    5.2.19), and may do so after this call: a property overrides them. ``Cache-Control`` on the answer would come too
    late for one within the guard, and would reach the client.
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
    """A user without permissions for ``ModelBackend``, which then queries no database.

    The backend caches permissions under these names (Django 5.2.19), and would otherwise query by the user's ``pk``.
    """

    _perm_cache = _user_perm_cache = _group_perm_cache = frozenset[str]()


def in_test_runner() -> bool:
    """Return whether ``setup_test_environment`` was called, as every test runner for Django does.

    That is visible only in ``_TestState.saved_data``, which keeps the replaced values (Django 5.2.19).
    """
    state: Any = sys.modules.get("django.test.utils")  # a server has no reason to import it
    return state is not None and hasattr(state._TestState, "saved_data")


def overridden_settings(test_class: Any) -> Any:
    """Return the settings that ``override_settings`` is to set for a class of tests (Django 5.2.19)."""
    return getattr(test_class, "_overridden_settings", None) or {}


def import_client(cache: Any) -> None:
    """Have a cache's backend import its client library now, which ``_cache`` does (Django 5.2.19)."""
    getattr(cache, "_cache", None)


# -- Django REST framework 3.18.3.


def operands(permission: Any) -> list[Any]:
    """Return the permissions in a composition: ``op1`` and ``op2`` of ``AND``, ``OR`` and ``NOT``."""
    return [getattr(permission, name) for name in ("op1", "op2") if hasattr(permission, name)]


def ignores_models(view: Any) -> bool:
    """Return whether ``DjangoModelPermissions`` ignores *view*, as it does the root of a router."""
    return bool(getattr(view, "_ignore_model_permissions", False))


def replace_method(view: Any, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Replace a method of this view, which lives as long as its request; return the original method.

    Permissions and authentication never see the answer: the view makes it, with these methods.
    """
    found: Callable[..., Any] = getattr(view, name)
    setattr(view, name, method)
    return found


def extend_sessions(extend: Callable[[Any, tuple[Any, Any]], tuple[Any, Any]]) -> None:
    """Have *extend* complete what DRF's ``SessionAuthentication`` finds.

    It takes the user of Django's request, whoever put it there, and never says by which token.
    """
    from rest_framework.authentication import SessionAuthentication

    sessions: Any = SessionAuthentication
    authenticate = sessions.authenticate

    def authenticated(self: Any, request: Any) -> tuple[Any, Any] | None:
        found = authenticate(self, request)
        return None if found is None else extend(request, found)

    sessions.authenticate = authenticated


# -- Ninja 1.7.1.


def answers_of(operation: Any) -> Iterator[tuple[Any, str]]:
    """The methods, as owner and name, that make an operation's answer: of a result, a stream, or an error.

    They run after the authentication, from the operation and its API; not all versions have those for streams.
    """
    yield operation.api, "on_exception"
    for name in ("_result_to_response", "_stream_response", "_async_stream_response"):
        if hasattr(operation, name):
            yield operation, name


def extend_operations(extend: Callable[[Any, dict[str, Any], dict[str, Any]], dict[str, Any]]) -> None:
    """Have *extend* complete the description of each operation, and the schemes, in the documents that Ninja makes.

    Ninja asks an authentication for its scheme alone: never for scopes (``# TODO: scopes``), never for responses.
    """
    from ninja.openapi.schema import OpenAPISchema

    document: Any = OpenAPISchema
    describe = document.operation_details

    def described(schema: Any, operation: Any) -> dict[str, Any]:
        return extend(operation, describe(schema, operation), schema.securitySchemes)

    document.operation_details = described


def is_csrf_exempt(request: Any) -> bool:
    """Return whether the operation is marked with ``csrf_exempt``, which Ninja notes on the request."""
    return bool(getattr(request, "_ninja_csrf_exempt", False))
