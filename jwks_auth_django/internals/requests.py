"""Django's requests, users, tests and caches."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.request import split_domain_port

__all__ = [
    "NoPermissionsStored",
    "adopt",
    "host_of",
    "import_client",
    "in_test_runner",
    "keep_out_of_cache",
    "overridden_settings",
]


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
