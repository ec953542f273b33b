"""Django REST framework and Ninja: what stands around their authentication by tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.utils.translation import gettext as _

from jwks_auth.adapters import Requirement
from jwks_auth_django.audit import drf_authentication_of, ninja_bearers_of
from jwks_auth_django.checks.messages import warning
from jwks_auth_django.conf import BACKEND, MIDDLEWARE, installed
from jwks_auth_django.routes import asks_everybody, views

__all__ = ["check_frameworks", "is_used_by_frameworks"]


def check_frameworks(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Check the order of DRF's classes, the backend, and redirects in front of Ninja's operations."""
    return [*_order(), *_backend(), *_redirects()]


def is_used_by_frameworks() -> bool:
    """Return whether a view of DRF or an operation of Ninja authenticates by tokens."""
    return any(
        ninja_bearers_of(view) or any(any(map(_is_ours, listed)) for listed in drf_authentication_of(view))
        for _, view in views()
    )


def _is_ours(authentication: Any) -> bool:
    return isinstance(getattr(authentication, "requirement", None), Requirement)


def _order() -> Iterator[CheckMessage]:
    """Warn once of each list in which another class comes first."""
    wrong: dict[tuple[Any, ...], list[str]] = {}
    for path, view in views():
        for listed in drf_authentication_of(view):
            if any(map(_is_ours, listed[1:])) and not _is_ours(listed[0]):
                wrong.setdefault(listed, []).append(path)
    for listed, paths in wrong.items():
        names = ", ".join(each.__name__ for each in listed)
        yield warning(
            "W021",
            _(
                "The view at {paths} authenticates by {names}: a request without credentials gets the "
                "challenge of {name}, or 403 if that has none"
            ).format(paths=_some(paths), names=names, name=listed[0].__name__),
            _("List JWTAuthentication first, in authentication_classes or DEFAULT_AUTHENTICATION_CLASSES"),
        )


def _backend() -> Iterator[CheckMessage]:
    # With the middleware it is an error of its own.
    places = (settings.AUTHENTICATION_BACKENDS, BACKEND), (settings.MIDDLEWARE, MIDDLEWARE)
    if not any(any(installed(*place)) for place in places) and is_used_by_frameworks():
        yield warning(
            "W022",
            _(
                "DRF or Ninja takes tokens without the JWT backend, so has_perm() does not see "
                "permissions in tokens"
            ),
            _(
                'Add "jwks_auth_django.backends.JWTAuthenticationBackend" to AUTHENTICATION_BACKENDS, or '
                "silence this where tokens have none"
            ),
        )


def _redirects() -> Iterator[CheckMessage]:
    if not asks_everybody():
        return
    paths = [
        path for path, view in views() if ninja_bearers_of(view) and getattr(view, "login_required", True)
    ]
    if paths:
        yield warning(
            "W023",
            _(
                "LoginRequiredMiddleware redirects requests for {paths} to the login page, where Ninja's "
                "JWTBearer would answer 401"
            ).format(paths=_some(paths)),
            _('Write path("api/", leave_alone(api).urls), with jwks_auth_django.ninja.leave_alone'),
        )


def _some(paths: list[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} (and {len(paths) - 1} more)"
