"""``manage.py check``: every wrong setting by an id of its own, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004  # Django's name for it
from django.core.exceptions import ImproperlyConfigured

from jwks_auth import ConfigurationError, KeySourceError
from jwks_auth.adapters import SETTING_NAMES, Requirement, Settings
from jwks_auth_django.conf import (
    BACKEND,
    DJANGO_SETTINGS,
    GONE,
    LABEL,
    MIDDLEWARE,
    Configuration,
    configuration,
    installed,
)
from jwks_auth_django.options import mapping, nearest
from jwks_auth_django.resolvers import from_options
from jwks_auth_django.routes import requirements, views
from jwks_auth_django.shared_caches import is_stored, is_stored_site_wide
from jwks_auth_django.user_settings import trusted_issuers

__all__ = ["check_installation", "check_issuers", "check_settings", "check_views"]

_EXAMPLE = 'JWKS_AUTH = {"ISSUER": "https://acme.eu.auth0.com/", "AUDIENCE": "https://api.acme.dev"}'
_AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
_DUMMY_CACHE = "django.core.cache.backends.dummy.DummyCache"


def check_settings(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """``JWKS_AUTH`` itself."""
    given = getattr(settings, "JWKS_AUTH", None)
    if not isinstance(given, Mapping):
        return [_error("E001", "JWKS_AUTH is missing, or not a dict", f"Write {_EXAMPLE}")]
    found = [
        message
        for part in (_unknown, _gone, _issuer, _audience, _algorithms, _user, _cache)
        for message in part(given)
    ]
    return found if any(message.is_serious() for message in found) else [*found, *_anything_else()]


def _unknown(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    known = {**dict.fromkeys(SETTING_NAMES), **DJANGO_SETTINGS}
    for name, value in given.items():
        if value is not None and name not in known and name not in GONE:
            yield _error("E003", f"{LABEL.format(name)} is not a setting", nearest(name, known, LABEL))


def _gone(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for name, reason in GONE.items():
        if given.get(name) is not None:
            yield _error("E011", f"{LABEL.format(name)}: {reason}", f"Delete {name} from JWKS_AUTH")


def _issuer(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    if not any(given.get(name) for name in ("ISSUER", "ISSUERS", "TENANTS")):
        yield _error(
            "E001",
            f"{LABEL.format('ISSUER')} is missing",
            "Its URL, exactly as in the iss claim of tokens, with the slash at the end if there is one",
        )
    for issuer in _issuers(given):
        if str(issuer.get("ISSUER", "")).startswith("http://") and not settings.DEBUG:
            yield _warning(
                "W001",
                f"The issuer {issuer['ISSUER']} is asked for its keys without TLS",
                "Who can change what it answers can sign tokens: use https outside of development",
            )


def _audience(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    if not given.get("AUDIENCE") and not all(issuer.get("AUDIENCE") for issuer in _issuers(given)):
        yield _error(
            "E002",
            f"{LABEL.format('AUDIENCE')} is missing",
            "This API's identifier at the issuer, as in the aud claim; jwks_auth.ANY_AUDIENCE if tokens have none",
        )


def _algorithms(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for place in (given, *_issuers(given)) if "ISSUERS" in given else (given,):
        for name in _read("ALGORITHMS", place.get("ALGORITHMS"), ()):
            if str(name).lower() == "none" or str(name).upper().startswith("HS"):
                yield _error(
                    "E004",
                    f"{LABEL.format('ALGORITHMS')} allows {name}",
                    "Anybody could make such tokens: keep to RS*, PS*, ES* and EdDSA, or leave it out",
                )


def _user(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    try:
        options = mapping(given["USER"]) if given.get("USER") is not None else {}
        from_options(options, _trusted(given))
    except (ConfigurationError, ValueError) as error:
        yield _error("E005", f"{LABEL.format('USER')} is wrong: {error}", "See docs/django.md, Users")
        return
    if options.get("MATCH_EMAIL") and len(list(_issuers(given))) > 1:
        yield _warning(
            "W002",
            f"{LABEL.format('USER')} matches accounts by e-mail for every issuer",
            "Each issuer can sign in to the account of any address it calls verified: trust them all, or link "
            "accounts with JWTIdentity rows",
        )


def _trusted(given: Mapping[str, Any]) -> tuple[str, ...] | None:
    try:
        return trusted_issuers(Settings.from_mapping(given, extra=DJANGO_SETTINGS))
    except ConfigurationError:  # told by the other checks
        return ()


def _cache(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    alias = given.get("CACHE")
    if alias is None:
        return
    if alias not in settings.CACHES:
        yield _error(
            "E006",
            f"{LABEL.format('CACHE')} is {alias!r}",
            f"CACHES has {', '.join(sorted(settings.CACHES))}",
        )
    elif settings.CACHES[alias].get("BACKEND") == _DUMMY_CACHE:
        yield _warning(
            "W003",
            f"{LABEL.format('CACHE')} is a dummy cache, so each process fetches keys for itself",
            "Name a cache that processes share, or leave it out",
        )


def _anything_else() -> Iterator[CheckMessage]:
    try:
        configuration()
    except ImproperlyConfigured as error:
        yield _error("E007", str(error), "See docs/settings.md")


def check_installation(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Backend and middleware: both, and in an order that works."""
    backend = any(installed(settings.AUTHENTICATION_BACKENDS, BACKEND))
    middleware = any(installed(settings.MIDDLEWARE, MIDDLEWARE))
    if middleware and not backend:
        return [
            _error(
                "E008",
                "The JWT middleware is installed without its backend, so permissions in tokens are not seen",
                f'Add "{BACKEND}" to AUTHENTICATION_BACKENDS, before ModelBackend',
            )
        ]
    if backend and not middleware:
        return [
            _warning(
                "W004",
                "The JWT backend is installed without its middleware: only guarded views know a token's user",
                f'Add "{MIDDLEWARE}" to MIDDLEWARE, or silence this where decorators are enough',
            )
        ]
    return list(_order())


def _order() -> Iterator[CheckMessage]:
    wanted = (_AUTHENTICATION, MIDDLEWARE)
    order = [each for path in settings.MIDDLEWARE for each in wanted if any(installed([path], each))]
    if _AUTHENTICATION not in (order[order.index(MIDDLEWARE) :] if MIDDLEWARE in order else ()):
        return
    yield _warning(
        "W005",
        "The JWT middleware comes before AuthenticationMiddleware, so other middleware between them sees no user",
        "Move it after django.contrib.auth.middleware.AuthenticationMiddleware",
    )


def check_views(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Guarded views: an audience of their own that the middleware would not let through."""
    try:
        config = configuration()
    except ImproperlyConfigured:
        return []  # told by check_settings
    found = [message for path, requirement in requirements() for message in _view(config, path, requirement)]
    return [*found, *_page_cache(config)]


def _page_cache(config: Configuration) -> Iterator[CheckMessage]:
    if config.header.lower() == "authorization":
        return
    places = ["UpdateCacheMiddleware in MIDDLEWARE"] if is_stored_site_wide() else []
    places += [f"cache_page around the view at {path}" for path, view in views() if is_stored(view)]
    for place in places:
        yield _warning(
            "W010",
            f"{place}: Django's cache knows that pages depend on Authorization, and not on {config.header}",
            "Pages for a token are therefore not stored, but those without one may be shown to whoever sends one: "
            "cache within the view, or take tokens from Authorization",
        )


def _view(config: Configuration, path: str, requirement: Requirement) -> Iterator[CheckMessage]:
    try:
        config.check_audience(requirement, path)
    except ImproperlyConfigured as error:
        yield _error("E009", f"The view at {path}: {error}", f"Add it to {LABEL.format('AUDIENCE')}")
    try:
        config.authenticator.check(requirement)
    except ConfigurationError as error:
        yield _error("E013", f"The view at {path}: {error}", "Name one of them, or the view's issuer=")


def check_issuers(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """With ``check --deploy`` and ``CHECK_ISSUER``: fetch every issuer's keys."""
    try:
        config = configuration()
    except ImproperlyConfigured:
        return []  # told by check_settings
    if not config.check_issuer:
        return []
    return [message for issuer in config.authenticator.issuers for message in _reached(issuer)]


def _reached(issuer: Any) -> Iterator[CheckMessage]:
    try:
        issuer.warm_up()
    except KeySourceError as error:
        yield _error(
            "E010",
            f"The keys of {issuer.issuer} can't be fetched: {error}",
            "Try manage.py jwks check from the machine that serves requests",
        )


def _issuers(given: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Each issuer's own settings."""
    for issuer in _read("ISSUERS", given.get("ISSUERS"), [given]):
        yield (
            {"ISSUER": issuer} if isinstance(issuer, str) else {str(k).upper(): v for k, v in issuer.items()}
        )


def _read(name: str, value: Any, otherwise: Any) -> Any:
    """The setting as the core reads it; *otherwise* where it is not given, or wrong, which others tell."""
    try:
        return otherwise if value is None else Settings.read(name, value)
    except ConfigurationError:
        return otherwise


def _error(name: str, message: str, hint: str) -> CheckMessage:
    return Error(message, hint=hint, id=f"jwks_auth.{name}")


def _warning(name: str, message: str, hint: str) -> CheckMessage:
    return Warning(message, hint=hint, id=f"jwks_auth.{name}")
