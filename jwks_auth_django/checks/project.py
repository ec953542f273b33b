"""The project around ``JWKS_AUTH``: backend and middleware, views, caches, and issuers that can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from jwks_auth import ConfigurationError, KeySourceError
from jwks_auth_django.checks.frameworks import is_used_by_frameworks
from jwks_auth_django.checks.messages import error, warning
from jwks_auth_django.conf import (
    BACKEND,
    MIDDLEWARE,
    Configuration,
    Project,
    installed,
    is_required,
    project,
)
from jwks_auth_django.discovery import metadata
from jwks_auth_django.guards import Guard
from jwks_auth_django.logout import logout
from jwks_auth_django.routes import requirements, views
from jwks_auth_django.shared_caches import is_stored, is_stored_site_wide

__all__ = ["check_installation", "check_issuers", "check_views"]

_AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"


def check_installation(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Check that backend and middleware are installed, in an order that works."""
    backend = any(installed(settings.AUTHENTICATION_BACKENDS, BACKEND))
    middleware = any(installed(settings.MIDDLEWARE, MIDDLEWARE))
    if middleware:
        return list(_order() if backend else _without_backend())
    if is_required():
        return list(_required_in_vain())
    return list(_without_middleware() if backend and not is_used_by_frameworks() else ())


def _without_backend() -> Iterator[CheckMessage]:
    yield error(
        "E008",
        _("The JWT middleware is installed without its backend, so permissions in tokens are not seen"),
        _(
            'Add "jwks_auth_django.backends.JWTAuthenticationBackend" to AUTHENTICATION_BACKENDS, '
            "before ModelBackend"
        ),
    )


def _required_in_vain() -> Iterator[CheckMessage]:
    yield error(
        "E020",
        _('JWKS_AUTH["REQUIRED"] is given, and without the middleware nobody asks for a token'),
        _('Add "jwks_auth_django.middleware.JWTAuthenticationMiddleware" to MIDDLEWARE'),
    )


def _without_middleware() -> Iterator[CheckMessage]:
    yield warning(
        "W004",
        _("The JWT backend is installed without its middleware: only guarded views know a token's user"),
        _(
            'Add "jwks_auth_django.middleware.JWTAuthenticationMiddleware" to MIDDLEWARE, or silence this '
            "where decorators are enough"
        ),
    )


def _order() -> Iterator[CheckMessage]:
    wanted = (_AUTHENTICATION, MIDDLEWARE)
    order = [each for path in settings.MIDDLEWARE for each in wanted if any(installed([path], each))]
    if _AUTHENTICATION not in (order[order.index(MIDDLEWARE) :] if MIDDLEWARE in order else ()):
        return
    yield warning(
        "W005",
        _(
            "The JWT middleware comes before AuthenticationMiddleware, so other middleware between them "
            "sees no user"
        ),
        _("Move it after django.contrib.auth.middleware.AuthenticationMiddleware"),
    )


def check_views(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Check guarded views for an audience of their own that the middleware would refuse."""
    try:
        found = project()
    except ImproperlyConfigured:
        return []  # told by check_settings
    told = [message for path, requirement in requirements() for message in _view(found, path, requirement)]
    for config in found.all:
        told += [*_page_cache(config), *_metadata(config), *_logouts(config)]
        told += [warning("W013", text, _("See docs/how-to/dpop.md")) for text in config.authenticator.advice]
    return list({(message.id, message.msg): message for message in told}.values())


def _metadata(config: Configuration) -> Iterator[CheckMessage]:
    """The document that challenges name, where nobody would answer for it."""
    try:
        place = config.authenticator.metadata()
    except ConfigurationError:  # there is none
        return
    prefix = (settings.FORCE_SCRIPT_NAME or "").rstrip("/")
    if prefix:
        yield warning(
            "W011",
            _("The metadata of RESOURCE are at {url}, which FORCE_SCRIPT_NAME {prefix!r} may hide").format(
                url=place.url, prefix=prefix
            ),
            _(
                "Have the server in front send {path} to this project, without the prefix, or silence this"
            ).format(path=place.path),
        )
    if not config.with_middleware and not _is_answered(place.path):
        yield warning(
            "W012",
            _("The metadata of RESOURCE are at {url}, where nobody answers").format(url=place.url),
            _(
                'Add path("", include("jwks_auth_django.urls")) to ROOT_URLCONF, at the root, or the '
                "middleware"
            ),
        )


def _logouts(config: Configuration) -> Iterator[CheckMessage]:
    """The path that providers tell of logouts, where nobody would hear them."""
    path = config.authenticator.logout_path
    if path is not None and not config.with_middleware and not _is_answered(path, logout):
        yield warning(
            "W014",
            _("Providers are to tell of logouts at {path}, where nobody answers").format(path=path),
            _(
                'Add path("", include("jwks_auth_django.urls")) to ROOT_URLCONF, at the root, or the '
                "middleware"
            ),
        )


def _is_answered(path: str, view: Any = metadata) -> bool:
    try:
        return resolve(path).func is view
    except Resolver404:
        return False


def _page_cache(config: Configuration) -> Iterator[CheckMessage]:
    others = [name for name in config.authenticator.vary if name != "Authorization"]
    if not others:
        return
    places = ["UpdateCacheMiddleware in MIDDLEWARE"] if is_stored_site_wide() else []
    places += [f"cache_page around the view at {path}" for path, view in views() if is_stored(view)]
    for place in places:
        yield warning(
            "W010",
            _("{place}: Django's cache knows that pages depend on Authorization, and not on {others}").format(
                place=place, others=" or ".join(others)
            ),
            _(
                "Pages for a token are therefore not stored, but those without one may be shown to "
                "whoever sends one: "
                "cache within the view, or take tokens from Authorization"
            ),
        )


def _view(found: Project, path: str, requirement: Guard) -> list[CheckMessage]:
    """Return what is wrong by every configuration that may judge the view; a host need not be known here."""
    told = [list(_judged(config, path, requirement)) for config in found.at(path, requirement.api)]
    return told[0] if told and all(told) else []


def _judged(config: Configuration, path: str, requirement: Guard) -> Iterator[CheckMessage]:
    try:
        if requirement.api is None:
            config.check_audience(requirement, path)
    except ImproperlyConfigured as wrong:
        yield error(
            "E009",
            _("The view at {path}: {wrong}").format(path=path, wrong=wrong),
            _("Add it to {audience}").format(audience=config.label.format("AUDIENCE")),
        )
    try:
        config.authenticator.check(requirement)
    except ConfigurationError as wrong:
        yield error(
            "E013",
            _("The view at {path}: {wrong}").format(path=path, wrong=wrong),
            _("Name one of them, or the view's issuer="),
        )


def check_issuers(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Fetch every issuer's keys, with ``check --deploy`` and ``CHECK_ISSUER``."""
    try:
        found = project()
    except ImproperlyConfigured:
        return []  # told by check_settings
    asked = [config.authenticator for config in found.all if config.check_issuer]
    told = [message for each in asked for issuer in each.issuers for message in _reached(issuer)]
    return list({message.msg: message for message in told}.values())


def _reached(issuer: Any) -> Iterator[CheckMessage]:
    try:
        issuer.warm_up()
    except KeySourceError as wrong:
        yield error(
            "E010",
            _("The keys of {issuer} can't be fetched: {wrong}").format(issuer=issuer.issuer, wrong=wrong),
            _("Try manage.py jwks check from the machine that serves requests"),
        )
