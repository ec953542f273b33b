"""Every URL pattern and its guard, for ``manage.py jwks routes`` and the system checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.urls import URLPattern, URLResolver, get_resolver

from jwks_auth.adapters import Requirement
from jwks_auth.cli import RouteRow
from jwks_auth_django.audit import requirements_of, verdicts_of
from jwks_auth_django.conf import installed

__all__ = ["requirements", "rows", "views"]

_LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


def rows() -> Iterator[RouteRow]:
    """The routes of ``ROOT_URLCONF``, in the order Django tries them.

    The guard of a route is ``None`` if it has none and is not marked as public; its doubt is a reason why the guard may
    not hold.
    """
    denied = any(map(_asks_everybody, installed(settings.MIDDLEWARE, _LOGIN_REQUIRED)))
    for path, view in _patterns(get_resolver(), "/"):
        for methods, verdict in verdicts_of(view, denied=denied):
            yield RouteRow(path, methods, verdict.guard, verdict.doubt)


def requirements() -> Iterator[tuple[str, Requirement]]:
    """Yield the path of each route with each requirement on tokens; nested or listed guards give several."""
    for path, view in _patterns(get_resolver(), "/"):
        for requirement in requirements_of(view):
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


def _asks_everybody(middleware: Any) -> bool:
    """Return whether *middleware* is Django's own, or keeps what Django's does."""
    names = ("process_view", "handle_no_permission")
    return all(getattr(middleware, name) is getattr(LoginRequiredMiddleware, name) for name in names)
