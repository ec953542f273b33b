"""Every URL pattern and its guard, for ``manage.py jwks routes`` and the system checks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import ImproperlyConfigured
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from jwks_auth.adapters import Requirement
from jwks_auth.cli import RouteRow
from jwks_auth_django.audit import (
    OPEN,
    Verdict,
    all_of,
    is_guarded,
    is_public,
    requirements_of,
    verdicts_of,
)
from jwks_auth_django.conf import Configuration, configuration, installed

__all__ = ["requirements", "requirements_at", "rows", "views"]

_LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


def rows() -> Iterator[RouteRow]:
    """The routes of ``ROOT_URLCONF``, in the order Django tries them.

    The guard of a route is ``None`` if it has none and is not marked as public; its doubt is a reason why the guard may
    not hold.
    """
    config = _configuration()
    denied = any(map(_asks_everybody, installed(settings.MIDDLEWARE, _LOGIN_REQUIRED)))
    for path, view in _patterns(get_resolver(), "/"):
        for methods, verdict in verdicts_of(view, denied=denied):
            final = _final(config, path, view, methods, verdict)
            yield RouteRow(path, methods, final.guard, final.doubt)


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


def _configuration() -> Configuration | None:
    with suppress(ImproperlyConfigured):  # told by the system checks
        return configuration()
    return None


def _final(config: Configuration | None, path: str, view: Any, methods: str, verdict: Verdict) -> Verdict:
    """Return the verdict with ``REQUIRED``, and with what is open on purpose."""
    is_marked = all(is_public(view, method) for method in methods.split())
    if config is not None and config.requires_token(path) and not (is_marked or is_guarded(view)):
        own = OPEN if verdict.is_public else verdict
        return all_of([own, Verdict("REQUIRED")])
    if verdict.guard is not None:
        return verdict
    if is_marked:
        return Verdict("public: @public")
    named = config is not None and config.public_paths.cover(path)
    return Verdict("public: PUBLIC_PATHS") if named else verdict


def _asks_everybody(middleware: Any) -> bool:
    """Return whether *middleware* is Django's own, or keeps what Django's does."""
    names = ("process_view", "handle_no_permission")
    return all(getattr(middleware, name) is getattr(LoginRequiredMiddleware, name) for name in names)
