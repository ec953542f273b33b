"""Every URL pattern and its guard, for ``manage.py jwks routes`` and the system checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from jwks_auth.adapters import Requirement
from jwks_auth.cli import RouteRow
from jwks_auth_django.audit import requirements_of, verdicts_of
from jwks_auth_django.conf import installed

__all__ = ["requirements", "requirements_at", "rows", "views"]

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


def requirements_at(route: str, method: str = "GET") -> list[Requirement]:
    """Return what is asked of tokens at *route*: a path, a pattern as ``jwks routes`` shows it, or a view's name.

    Raises ``LookupError`` where nothing is there.
    """
    for path, name, view in _named_patterns(get_resolver(), "/", ""):
        if route in (path, name):
            return list(requirements_of(view, method))
    try:
        return list(requirements_of(resolve(route).func, method))
    except Resolver404:
        raise LookupError(f"no route is, or has the name, {route}: see jwks routes") from None


def _named_patterns(resolver: URLResolver, prefix: str, namespace: str) -> Iterator[tuple[str, str, Any]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield path, f"{namespace}{pattern.name}" if pattern.name else "", pattern.callback
        else:
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _named_patterns(pattern, path, inner)


def _patterns(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    yield from ((path, view) for path, _, view in _named_patterns(resolver, prefix, ""))


def _asks_everybody(middleware: Any) -> bool:
    """Return whether *middleware* is Django's own, or keeps what Django's does."""
    names = ("process_view", "handle_no_permission")
    return all(getattr(middleware, name) is getattr(LoginRequiredMiddleware, name) for name in names)
