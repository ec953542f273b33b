"""``settings.JWKS_AUTH`` as it is written, and the other settings that it is read with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string

from jwks_auth import ConfigurationError
from jwks_auth.adapters import CacheStore, SealedStore, readers
from jwks_auth.stores import CacheRevocations
from jwks_auth_django.cache import SharedCache

__all__ = [
    "BACKEND",
    "CSRF_MIDDLEWARE",
    "GONE",
    "LABEL",
    "MIDDLEWARE",
    "given_settings",
    "in_caches",
    "installed",
    "is_required",
    "store_of",
]

LABEL = 'JWKS_AUTH["{}"]'
BACKEND = "jwks_auth_django.backends.JWTAuthenticationBackend"
MIDDLEWARE = "jwks_auth_django.middleware.JWTAuthenticationMiddleware"
CSRF_MIDDLEWARE = "django.middleware.csrf.CsrfViewMiddleware"


GONE = {
    "LAZY": "it is no setting any more: request.token stood for a token that nobody had verified, so that "
    "`request.token is None` let anybody in; every token is verified before the view, leave LAZY out"
}
"""Former settings, with the reason why each is refused."""


def given_settings() -> Mapping[str, Any]:
    """Return ``JWKS_AUTH``. Raises :class:`ConfigurationError` where it is missing, or has a setting that is gone."""
    given = getattr(settings, "JWKS_AUTH", None)
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            'JWKS_AUTH is missing: expected a dict such as {"ISSUER": "https://...", "AUDIENCE": "..."}'
        )
    for name in GONE:
        if given.get(name) is not None:
            raise ConfigurationError(f"{LABEL.format(name)}: {GONE[name]}")
    return {name: value for name, value in given.items() if name not in GONE}


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
    """Return whether ``REQUIRED`` is given anywhere, without reading the other settings."""
    given = getattr(settings, "JWKS_AUTH", None)
    apis = given.get("APIS") if isinstance(given, Mapping) else None
    places = [given, *(apis.values() if isinstance(apis, Mapping) else ())]
    return any(_asks(place.get("REQUIRED")) for place in places if isinstance(place, Mapping))


def _asks(required: Any) -> bool:
    try:
        return required is not None and readers.flag(required)
    except ValueError:  # told by the system checks
        return True


def in_caches(given: Mapping[str, Any], label: str = LABEL) -> dict[str, Any]:
    """Return the stores of those settings that name one of Django's caches: ``cache:<alias>``."""
    named = {
        name: value.removeprefix("cache:")
        for name, value in given.items()
        if isinstance(value, str) and value.startswith("cache:")
    }
    for name, alias in named.items():
        _check_alias(alias, label.format(name))
        if settings.CACHES[alias].get("BACKEND", "").endswith("DummyCache"):
            raise ConfigurationError(f"{label.format(name)}: found a dummy cache, which keeps nothing")
    return {name: _STORES.get(name, CacheStore)(SharedCache(alias)) for name, alias in named.items()}


_STORES: dict[str, Callable[[SharedCache], Any]] = {"REVOCATION": CacheRevocations}
"""The stores of settings that need more than records."""


def store_of(given: Mapping[str, Any], alias: str | None, label: str = LABEL) -> dict[str, Any]:
    """Return the store that ``CACHE`` names, sealed: whoever writes to the cache without the secret adds no key."""
    if alias is None:
        return {}
    for other in ("STORE", "VERIFIER"):
        if given.get(other) is not None:
            raise ConfigurationError(
                f"{label.format('CACHE')} and {label.format(other)} exclude each other: keep one"
            )
    _check_alias(alias, label.format("CACHE"))
    store = CacheStore(SharedCache(alias))
    if given.get("STORE_SECRET") is not None:  # the core seals it
        return {"STORE": store}
    seal = salted_hmac("jwks_auth_django.cache", "", algorithm="sha256").digest()
    return {"STORE": SealedStore(store, seal)}


def _check_alias(alias: str, name: str) -> None:
    if alias not in settings.CACHES:
        known = ", ".join(sorted(settings.CACHES))
        raise ConfigurationError(f"{name}: CACHES has no {alias!r}, it has {known}")
