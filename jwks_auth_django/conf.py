"""``settings.JWKS_AUTH``: read when first needed, and again after ``override_settings``.

The core parses the settings that all frameworks share; this module parses Django's own.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.utils.module_loading import import_string

from jwks_auth import ConfigurationError
from jwks_auth.adapters import (
    Authenticator,
    Prefixes,
    Requirement,
    Setting,
    Settings,
    inherited,
    parsed,
    readers,
)
from jwks_auth_django.apis import APIS, Keys, entries
from jwks_auth_django.given import (
    BACKEND,
    CSRF_MIDDLEWARE,
    GONE,
    LABEL,
    MIDDLEWARE,
    given_settings,
    in_caches,
    installed,
    is_required,
    store_of,
)
from jwks_auth_django.internals import in_test_runner
from jwks_auth_django.signals import announce_keys

__all__ = [
    "BACKEND",
    "DJANGO_NAMES",
    "DJANGO_SETTINGS",
    "GONE",
    "LABEL",
    "MIDDLEWARE",
    "ONLY_AT_THE_TOP",
    "Configuration",
    "Project",
    "WrongSettings",
    "configuration",
    "installed",
    "is_required",
    "project",
]


DJANGO_SETTINGS = (
    Setting("EXEMPT_PATHS", readers.paths, default=()),
    Setting("REQUIRED", readers.flag, default=False),
    Setting("PUBLIC_PATHS", readers.paths, default=()),
    Setting("USER", readers.mapping, default={}),
    Setting("CACHE", readers.text),
    Setting("CHECK_ISSUER", readers.flag, default=False),
    Setting("APIS", entries, default={}),
    Setting("FOR_REQUEST", readers.function),
)
DJANGO_NAMES = frozenset(row.name for row in DJANGO_SETTINGS)
ONLY_AT_THE_TOP = frozenset({"APIS", "FOR_REQUEST"})
"""Settings of the whole project, which are none of an entry of ``APIS``."""

_READ_FROM = {
    "JWKS_AUTH",
    "AUTHENTICATION_BACKENDS",
    "AUTH_USER_MODEL",
    "CACHES",
    "DEBUG",
    "MIDDLEWARE",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
}


class WrongSettings(ImproperlyConfigured, ConfigurationError):
    """A :class:`ConfigurationError` that is also Django's ``ImproperlyConfigured``."""


@dataclass(frozen=True, slots=True, repr=False)
class Configuration:
    """The settings, ready for use: the project's own, or those of one *api*, by its key in ``APIS``."""

    api: str | None
    label: str
    authenticator: Authenticator
    backend: Any
    users: Any
    meta_keys: tuple[str, ...]
    exempt_paths: Prefixes
    required: bool
    public_paths: Prefixes
    check_issuer: bool
    with_middleware: bool
    csrf_middleware: Any

    def looks_at(self, path: str) -> bool:
        """Return whether the middleware judges requests for *path*."""
        return not self.exempt_paths.cover(path)

    def requires_token(self, path: str) -> bool:
        """Return whether the middleware refuses requests for *path* without a token, unless the view is open."""
        if not self.required or not self.with_middleware:
            return False
        return self.looks_at(path) and not self.public_paths.cover(path)

    def check_audience(self, requirement: Requirement, path: str) -> None:
        """Raise ``ImproperlyConfigured`` if a route's audience is not in ``AUDIENCE``, by which the middleware judges.

        No token could pass both.
        """
        if requirement.audience is None or not self.with_middleware or not self.looks_at(path):
            return
        if not self.authenticator.accepts(requirement.audience):
            raise WrongSettings(
                f"require_jwt(audience={requirement.audience!r}): the middleware judges before the route is "
                f"known, by {self.label.format('AUDIENCE')}, so a route's audience must be among those"
            )


@dataclass(frozen=True, slots=True, repr=False)
class Project:
    """The configurations of a project: the *top* level's, and those of its *apis*."""

    top: Configuration
    apis: Mapping[str, Configuration]
    keys: Keys
    logout_paths: frozenset[str]

    @property
    def all(self) -> tuple[Configuration, ...]:
        """Return every configuration, the top level's first."""
        return (self.top, *self.apis.values())

    def chosen(self, request: HttpRequest) -> Configuration:
        """Return the configuration that *request* is judged by, once for a request."""
        if not self.apis:
            return self.top
        known = request.__dict__.get("_jwks_auth_chosen")
        if known is None or known[0] is not self:
            try:
                key = self.keys.chosen(request)
            except ConfigurationError as error:
                raise WrongSettings(str(error)) from error
            known = request.__dict__["_jwks_auth_chosen"] = (self, self.named(key))
        return known[1]

    def named(self, api: str | None) -> Configuration:
        """Return the configuration of an API; ``None``: the top level's. Raises ``ImproperlyConfigured``."""
        if api is None:
            return self.top
        if api not in self.apis:
            known = ", ".join(map(repr, self.apis)) or "none"
            raise WrongSettings(f"api={api!r} is no key of {APIS}, expected of {known}")
        return self.apis[api]

    def at(self, path: str, api: str | None = None) -> tuple[Configuration, ...]:
        """Return the configurations that may judge a route at *path*, whose guard may name an *api*."""
        if api is not None:
            return (self.apis[api],) if api in self.apis else ()
        return (self.named(self.keys.at(path)),) if self.keys.by_path else self.all


def project() -> Project:
    """The configurations in force; no I/O. Raises ``ImproperlyConfigured`` naming the setting that is wrong."""
    found = _Current.project
    if found is None:
        with _Current.lock:
            found = _Current.project = _Current.project or _read()
    return found


def configuration() -> Configuration:
    """Return the top level's configuration, as :func:`project` does."""
    return project().top


def _read() -> Project:
    try:
        given = given_settings()
        top = _configured(None, given, LABEL)
        own = parsed(given, DJANGO_SETTINGS, LABEL)
        shared = {name: value for name, value in given.items() if name not in ONLY_AT_THE_TOP}
        apis = {key: _entry(key, shared, each) for key, each in own["apis"].items()}
        paths = {each.authenticator.logout_path for each in (top, *apis.values())}
        return Project(top, apis, Keys.of(own["apis"], own["for_request"]), frozenset(filter(None, paths)))
    except ConfigurationError as error:
        told = str(error)
        raise WrongSettings(told if "JWKS_AUTH" in told else f"JWKS_AUTH: {told}") from error


def _entry(key: str, shared: Mapping[str, Any], own: Mapping[str, Any]) -> Configuration:
    place = f'{APIS}["{key}"]'
    label = f'{place}["{{}}"]'
    try:
        return _configured(key, inherited(shared, own, label), label)
    except ConfigurationError as error:
        told = str(error)
        raise ConfigurationError(told if place in told else f"{place}: {told}") from error


def _configured(api: str | None, given: Mapping[str, Any], label: str) -> Configuration:
    names = DJANGO_NAMES if api is None else DJANGO_NAMES - ONLY_AT_THE_TOP
    own = parsed(given, DJANGO_SETTINGS, label)
    shared = Settings.from_mapping(
        {**given, **in_caches(given, label), **store_of(given, own["cache"], label)}, label=label, extra=names
    )
    from jwks_auth_django.users import from_options  # once there are models

    csrf_middleware = next(installed(settings.MIDDLEWARE, CSRF_MIDDLEWARE), None)
    authenticator = Authenticator(
        shared,
        on_event=announce_keys,
        has_csrf=csrf_middleware is not None,
        in_tests=settings.DEBUG or in_test_runner(),
    )
    return Configuration(
        api=api,
        label=label,
        authenticator=authenticator,
        backend=next(installed(settings.AUTHENTICATION_BACKENDS, BACKEND), import_string(BACKEND))(),
        users=from_options(own["user"], shared.issuers_of_tokens),
        meta_keys=tuple("HTTP_" + name.upper().replace("-", "_") for name in authenticator.vary),
        exempt_paths=Prefixes(own["exempt_paths"]),
        required=own["required"],
        public_paths=Prefixes(own["public_paths"]),
        check_issuer=own["check_issuer"],
        with_middleware=any(installed(settings.MIDDLEWARE, MIDDLEWARE)),
        csrf_middleware=csrf_middleware,
    )


class _Current:
    project: Project | None = None
    lock = threading.Lock()


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting in _READ_FROM:
        _Current.project = None


setting_changed.connect(_forget, dispatch_uid="jwks_auth_django")
