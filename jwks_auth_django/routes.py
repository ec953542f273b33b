"""Every URL pattern and its guard, for ``manage.py jwks routes`` and the system checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import ImproperlyConfigured
from django.urls import Resolver404, resolve

from jwks_auth.adapters import Requirement
from jwks_auth.cli import RouteRow
from jwks_auth_django.audit import (
    OPEN,
    Verdict,
    all_of,
    any_of,
    is_guarded,
    is_public,
    requirements_of,
    verdicts_of,
)
from jwks_auth_django.conf import Configuration, installed, project
from jwks_auth_django.guards import Guard
from jwks_auth_django.patterns import Route, routes_everywhere

__all__ = ["asks_everybody", "path_of", "requirements", "requirements_at", "rows", "views"]

_LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


def rows() -> Iterator[RouteRow]:
    """The routes of the project's URLconfs, in the order Django tries them.

    The guard of a route is ``None`` if it has none and is not marked as public; its doubt is a reason why the guard may
    not hold.
    """
    denied = asks_everybody()
    for route in routes_everywhere():
        configs = _judges(route)
        for methods, verdict in verdicts_of(route.view, denied=denied):
            final = any_of(_final(config, route, methods, verdict) for config in configs)
            yield RouteRow(route.place, methods, final.guard, final.doubt)


def requirements() -> Iterator[tuple[str, Guard]]:
    """Yield the path of each route with each requirement on tokens; nested or listed guards give several."""
    for route in routes_everywhere():
        for requirement in requirements_of(route.view):
            if isinstance(requirement, Guard):
                yield route.path, requirement


def views() -> Iterator[tuple[str, Any]]:
    """The path of each route and its view."""
    return ((route.path, route.view) for route in routes_everywhere())


def requirements_at(route: str, method: str = "GET") -> list[Requirement]:
    """Return what is asked of tokens at *route*: a path, a pattern as ``jwks routes`` shows it, or a view's name.

    Raises ``LookupError`` where nothing is there.
    """
    for each in routes_everywhere():
        if route in (each.path, each.place, each.name):
            return list(requirements_of(each.view, method))
    try:
        return list(requirements_of(resolve(route).func, method))
    except Resolver404:
        raise LookupError(f"no route is, or has the name, {route}: see jwks routes") from None


def path_of(route: str) -> str:
    """Return the path of *route*, as :func:`requirements_at` takes it; a path that is no pattern is its own."""
    found = (each.path for each in routes_everywhere() if route in (each.path, each.place, each.name))
    return next(found, route)


def _judges(route: Route) -> tuple[Configuration | None, ...]:
    """Return the configurations that may judge requests for *route*; ``None``: the settings are wrong."""
    try:
        return project().at(route.path)
    except ImproperlyConfigured:  # told by the system checks
        return (None,)


def _final(config: Configuration | None, route: Route, methods: str, verdict: Verdict) -> Verdict:
    """Return the verdict with ``REQUIRED``, and with what is open on purpose."""
    is_marked = all(is_public(route.view, method) for method in methods.split())
    is_left = is_marked or is_guarded(route.view)
    if config is not None and config.requires_token(route.path) and not is_left:
        own = OPEN if verdict.is_public else verdict
        return all_of([own, Verdict("REQUIRED")])
    if verdict.guard is not None:
        return verdict
    if is_marked:
        return Verdict("public: @public")
    named = config is not None and config.public_paths.cover(route.path)
    return Verdict("public: PUBLIC_PATHS") if named else verdict


def asks_everybody() -> bool:
    """Return whether ``LoginRequiredMiddleware`` stands before every view."""
    return any(map(_asks_everybody, installed(settings.MIDDLEWARE, _LOGIN_REQUIRED)))


def _asks_everybody(middleware: Any) -> bool:
    """Return whether *middleware* is Django's own, or keeps what Django's does."""
    names = ("process_view", "handle_no_permission")
    return all(getattr(middleware, name) is getattr(LoginRequiredMiddleware, name) for name in names)
