"""``settings.JWKS_AUTH``: read when first needed, and again after ``override_settings``.

The core parses the settings that all frameworks share; this module parses Django's own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string

from jwks_auth import ConfigurationError
from jwks_auth.adapters import (
    Authenticator,
    CacheStore,
    Requirement,
    SealedStore,
    Setting,
    Settings,
    parsed,
    readers,
)
from jwks_auth_django.cache import SharedCache
from jwks_auth_django.internals import in_test_runner
from jwks_auth_django.paths import Prefixes
from jwks_auth_django.signals import announce_keys

__all__ = [
    "BACKEND",
    "DJANGO_NAMES",
    "DJANGO_SETTINGS",
    "GONE",
    "LABEL",
    "MIDDLEWARE",
    "Configuration",
    "WrongSettings",
    "configuration",
    "installed",
    "is_required",
]

LABEL = 'JWKS_AUTH["{}"]'
BACKEND = "jwks_auth_django.backends.JWTAuthenticationBackend"
MIDDLEWARE = "jwks_auth_django.middleware.JWTAuthenticationMiddleware"
CSRF_MIDDLEWARE = "django.middleware.csrf.CsrfViewMiddleware"


DJANGO_SETTINGS = (
    Setting("HEADER", readers.text, default="Authorization"),
    Setting("EXEMPT_PATHS", readers.paths, default=()),
    Setting("REQUIRED", readers.flag, default=False),
    Setting("PUBLIC_PATHS", readers.paths, default=()),
    Setting("USER", readers.mapping, default={}),
    Setting("CACHE", readers.text),
    Setting("CHECK_ISSUER", readers.flag, default=False),
)
DJANGO_NAMES = frozenset(row.name for row in DJANGO_SETTINGS)

GONE = {
    "LAZY": "it is no setting any more: request.token stood for a token that nobody had verified, so that "
    "`request.token is None` let anybody in; every token is verified before the view, leave LAZY out"
}
"""Former settings, with the reason why each is refused."""

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
    """The settings, ready for use."""

    authenticator: Authenticator
    backend: Any
    users: Any
    header: str
    meta_key: str
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
                f"known, by {LABEL.format('AUDIENCE')}, so a route's audience must be among those"
            )


def configuration() -> Configuration:
    """The configuration in force; no I/O. Raises ``ImproperlyConfigured`` naming the setting that is wrong."""
    found = _Current.configuration
    if found is None:
        with _Current.lock:
            found = _Current.configuration = _Current.configuration or _configured()
    return found


def installed(paths: Iterable[str], wanted: str) -> Iterator[Any]:
    """The classes among *paths* that are, or derive from, *wanted*; paths that can't be imported are left out."""
    base = import_string(wanted)
    for path in paths:
        try:
            found = import_string(path)
        except ImportError:
            continue
        if isinstance(found, type) and issubclass(found, base):
            yield found


def is_required() -> bool:
    """Return whether ``REQUIRED`` is given, without reading the other settings."""
    given = getattr(settings, "JWKS_AUTH", None)
    asked = given.get("REQUIRED") if isinstance(given, Mapping) else None
    try:
        return asked is not None and readers.flag(asked)
    except ValueError:  # told by the system checks
        return True


def _configured() -> Configuration:
    try:
        given = _given()
        own = parsed(given, DJANGO_SETTINGS, LABEL)
        shared = Settings.from_mapping(
            {**given, **_store(given, own["cache"])}, label=LABEL, extra=DJANGO_NAMES
        )
        from jwks_auth_django.users import from_options  # once there are models

        return Configuration(
            authenticator=Authenticator(
                shared,
                on_event=announce_keys,
                header=own["header"],
                in_tests=settings.DEBUG or in_test_runner(),
            ),
            backend=next(installed(settings.AUTHENTICATION_BACKENDS, BACKEND), import_string(BACKEND))(),
            users=from_options(own["user"], shared.issuers),
            header=own["header"],
            meta_key="HTTP_" + own["header"].upper().replace("-", "_"),
            exempt_paths=Prefixes(own["exempt_paths"]),
            required=own["required"],
            public_paths=Prefixes(own["public_paths"]),
            check_issuer=own["check_issuer"],
            with_middleware=any(installed(settings.MIDDLEWARE, MIDDLEWARE)),
            csrf_middleware=next(installed(settings.MIDDLEWARE, CSRF_MIDDLEWARE), None),
        )
    except ConfigurationError as error:
        told = str(error)
        raise WrongSettings(told if "JWKS_AUTH" in told else f"JWKS_AUTH: {told}") from error


def _given() -> Mapping[str, Any]:
    given = getattr(settings, "JWKS_AUTH", None)
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            'JWKS_AUTH is missing: expected a dict such as {"ISSUER": "https://...", "AUDIENCE": "..."}'
        )
    for name in GONE:
        if given.get(name) is not None:
            raise ConfigurationError(f"{LABEL.format(name)}: {GONE[name]}")
    return {name: value for name, value in given.items() if name not in GONE}


def _store(given: Mapping[str, Any], alias: str | None) -> dict[str, Any]:
    """Return the store that ``CACHE`` names, sealed: whoever writes to the cache without the secret adds no key."""
    if alias is None:
        return {}
    for other in ("STORE", "VERIFIER"):
        if given.get(other) is not None:
            raise ConfigurationError(
                f"{LABEL.format('CACHE')} and {LABEL.format(other)} exclude each other: keep one"
            )
    if alias not in settings.CACHES:
        known = ", ".join(sorted(settings.CACHES))
        raise ConfigurationError(f"{LABEL.format('CACHE')}: CACHES has no {alias!r}, it has {known}")
    store = CacheStore(SharedCache(alias))
    if given.get("STORE_SECRET") is not None:  # the core seals it
        return {"STORE": store}
    seal = salted_hmac("jwks_auth_django.cache", "", algorithm="sha256").digest()
    return {"STORE": SealedStore(store, seal)}


class _Current:
    configuration: Configuration | None = None
    lock = threading.Lock()


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting in _READ_FROM:
        _Current.configuration = None


setting_changed.connect(_forget, dispatch_uid="jwks_auth_django")
