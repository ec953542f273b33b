"""``JWKS_AUTH``: each kind of wrong setting has an id of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from jwks_auth import ConfigurationError, Issuer
from jwks_auth.adapters import SETTING_NAMES, SealedStore, Settings, inherited, meant, parsed, readers
from jwks_auth_django.apis import APIS, Keys
from jwks_auth_django.checks.messages import error, warning
from jwks_auth_django.conf import (
    DJANGO_NAMES,
    DJANGO_SETTINGS,
    GONE,
    LABEL,
    ONLY_AT_THE_TOP,
    Configuration,
    project,
)
from jwks_auth_django.users import from_options

__all__ = ["check_settings"]

_EXAMPLE = 'JWKS_AUTH = {"ISSUER": "https://acme.eu.auth0.com/", "AUDIENCE": "https://api.acme.dev"}'
_DUMMY_CACHE = "django.core.cache.backends.dummy.DummyCache"


def check_settings(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Check ``JWKS_AUTH`` itself."""
    given = getattr(settings, "JWKS_AUTH", None)
    if not isinstance(given, Mapping):
        return [
            error(
                "E001",
                _("JWKS_AUTH is missing, or not a dict"),
                _("Write {example}").format(example=_EXAMPLE),
            )
        ]
    found = [*_unknown(given), *_gone(given), *_each(given)]
    if not any(message.is_serious() for message in found):
        found += _apis(given, found)
    return found if any(message.is_serious() for message in found) else [*found, *_anything_else()]


def _each(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for part in (_issuer, _audience, _resource, _algorithms, _user, _cache):
        yield from part(given)


def _apis(given: Mapping[str, Any], told: list[CheckMessage]) -> Iterator[CheckMessage]:
    """Check the entries of ``APIS``, each with what it inherits, and tell nothing twice."""
    try:
        read = parsed(given, (row for row in DJANGO_SETTINGS if row.name in ONLY_AT_THE_TOP), LABEL)
        Keys.of(read["apis"], read["for_request"])
    except ConfigurationError as wrong:
        yield error("E021", str(wrong), _("See docs/how-to/django/apis.md"))
        return
    shared = {name: value for name, value in given.items() if name not in ONLY_AT_THE_TOP}
    before = {(message.id, message.msg) for message in told}
    for key, own in read["apis"].items():
        for message in _entry(f'{APIS}["{key}"]', shared, own):
            if (message.id, message.msg) not in before:
                yield _placed(message, f'{APIS}["{key}"]')


def _entry(place: str, shared: Mapping[str, Any], own: Mapping[str, Any]) -> list[CheckMessage]:
    try:
        merged = inherited(shared, own, f'{place}["{{}}"]')
    except ConfigurationError as wrong:
        return [error("E021", str(wrong), _("See docs/how-to/django/apis.md"))]
    return [*_unknown(own, ONLY_AT_THE_TOP), *_gone(own), *_each(merged)]


def _placed(message: CheckMessage, place: str) -> CheckMessage:
    """Return *message*, which speaks of the top level, with the names of an entry's settings."""
    if place not in message.msg:
        message.msg = message.msg.replace("JWKS_AUTH[", f"{place}[")
        message.hint = (message.hint or "").replace("JWKS_AUTH[", f"{place}[")
    return message


def _unknown(given: Mapping[str, Any], never: Collection[str] = ()) -> Iterator[CheckMessage]:
    known = sorted({*SETTING_NAMES, *DJANGO_NAMES} - set(never))
    for name, value in given.items():
        if value is not None and name not in known and name not in GONE:
            yield error(
                "E003",
                _("{name} is not a setting").format(name=LABEL.format(name)),
                meant(name, known, LABEL),
            )


def _gone(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for name, reason in GONE.items():
        if given.get(name) is not None:
            yield error(
                "E011",
                _("{name}: {reason}").format(name=LABEL.format(name), reason=reason),
                _("Delete {name} from JWKS_AUTH").format(name=name),
            )


def _issuer(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    if not any(given.get(name) for name in ("ISSUER", "ISSUERS", "PROVIDER", "TENANTS", "VERIFIER")):
        yield error(
            "E001",
            _('JWKS_AUTH["ISSUER"] is missing'),
            _("Its URL, exactly as in the iss claim of tokens, with the slash at the end if there is one"),
        )
    for issuer in _issuers(given):
        asked = _asked_for_keys(issuer)
        if asked.lower().startswith("http://") and not settings.DEBUG:
            yield warning(
                "W001",
                _("{asked} is asked for keys without TLS").format(asked=asked),
                _("Who can change what it answers can sign tokens: use https outside of development"),
            )


def _asked_for_keys(issuer: Mapping[str, Any]) -> str:
    """Return the first address that keys are fetched from; an empty one if the project supplies them."""
    places = ("JWKS", "JWKS_URI", "DISCOVERY_URL", "ISSUER")
    place = next((name for name in places if issuer.get(name)), "JWKS")
    return "" if place == "JWKS" else str(issuer[place])


def _audience(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    # A provider says more than this about what is missing; a resource is the audience.
    if any(given.get(name) for name in ("VERIFIER", "PROVIDER", "RESOURCE")):
        return
    said = [issuer.get("AUDIENCE") or issuer.get("PROVIDER") for issuer in _issuers(given)]
    if not given.get("AUDIENCE") and not all(said):
        yield error(
            "E002",
            _('JWKS_AUTH["AUDIENCE"] is missing'),
            _(
                "This API's identifier at the issuer, as in the aud claim; jwks_auth.ANY_AUDIENCE if "
                "tokens have none"
            ),
        )


def _resource(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    try:
        if given.get("RESOURCE") is not None:
            Settings.read("RESOURCE", given["RESOURCE"], label=LABEL)
    except ConfigurationError as wrong:
        yield error(
            "E014", str(wrong), _("The URL by which clients know this API: https://api.acme.dev/orders")
        )


def _algorithms(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for place in (given, *_issuers(given)) if "ISSUERS" in given else (given,):
        for name in _read("ALGORITHMS", place.get("ALGORITHMS"), ()):
            if str(name).lower() == "none" or str(name).upper().startswith("HS"):
                yield error(
                    "E004",
                    _('JWKS_AUTH["ALGORITHMS"] allows {name}').format(name=name),
                    _("Anybody could make such tokens: keep to RS*, PS*, ES* and EdDSA, or leave it out"),
                )


def _user(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    try:
        options = readers.mapping(given["USER"]) if given.get("USER") is not None else {}
        users = from_options(options, _trusted(given))
    except (ConfigurationError, ValueError) as wrong:
        yield error(
            "E005",
            _('JWKS_AUTH["USER"] is wrong: {wrong}').format(wrong=wrong),
            _("See docs/how-to/django/users.md"),
        )
    else:
        hint = _(
            "Map a claim to it in CLAIM_MAP, set CREATE to False, or override create_user() of DatabaseUsers"
        )
        yield from (
            error("E015", _('JWKS_AUTH["USER"]: {told}').format(told=told), hint) for told in users.problems()
        )


def _trusted(given: Mapping[str, Any]) -> tuple[str, ...] | None:
    try:
        return Settings.from_mapping(given, extra=DJANGO_NAMES).issuers_of_tokens
    except ConfigurationError:  # told by the other checks
        return ()


def _cache(given: Mapping[str, Any]) -> Iterator[CheckMessage]:
    alias = given.get("CACHE")
    if alias is None:
        return
    if alias not in settings.CACHES:
        yield error(
            "E006",
            _('JWKS_AUTH["CACHE"] is {alias!r}').format(alias=alias),
            _("CACHES has {caches}").format(caches=", ".join(sorted(settings.CACHES))),
        )
    elif settings.CACHES[alias].get("BACKEND") == _DUMMY_CACHE:
        yield warning(
            "W003",
            _('JWKS_AUTH["CACHE"] is a dummy cache, so each process fetches keys for itself'),
            _("Name a cache that processes share, or leave it out"),
        )


def _anything_else() -> Iterator[CheckMessage]:
    try:
        found = project()
    except ImproperlyConfigured as wrong:
        yield error("E007", str(wrong), _("See docs/reference/settings.md"))
    else:
        for config in found.all:
            yield from _unsealed(config)


def _unsealed(config: Configuration) -> Iterator[CheckMessage]:
    """Warn of a store that others may write to, for any of the issuers."""
    asked = config.authenticator.settings
    given = [{**asked.shared, **source.own} for source in asked.sources if source.made is None]
    stores = [each["STORE"] for each in given if "STORE" in each and "STORE_SECRET" not in each]
    if any(not isinstance(store, SealedStore) for store in stores):
        yield warning(
            "W006",
            _("{store} is not sealed: who can write to it can give this service keys of their own").format(
                store=config.label.format("STORE")
            ),
            _("Set {store_secret}, the same for all processes, or silence this where nobody else can").format(
                store_secret=config.label.format("STORE_SECRET")
            ),
        )


def _issuers(given: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Each issuer's own settings."""
    for issuer in _read("ISSUERS", given.get("ISSUERS"), [given]):
        if isinstance(issuer, Issuer):
            own = {"AUDIENCE": issuer.audience, "PROVIDER": issuer.provider}
            yield {"ISSUER": issuer.issuer, **own, "JWKS": issuer.keys}
        elif isinstance(issuer, Mapping):
            yield {str(name).upper(): value for name, value in issuer.items()}
        else:
            yield {"ISSUER": issuer}


def _read(name: str, value: Any, otherwise: Any) -> Any:
    """Return the setting as the core reads it, or *otherwise* if it is not given or wrong, which others report."""
    try:
        return otherwise if value is None else Settings.read(name, value)
    except ConfigurationError:
        return otherwise
