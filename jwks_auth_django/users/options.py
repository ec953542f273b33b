"""``JWKS_AUTH["USER"]``: the settings of each store, the issuers that may grant powers, and the resolver they make."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.module_loading import import_string

from jwks_auth import ConfigurationError
from jwks_auth.adapters import Settings, closest, readers
from jwks_auth_django import options as read
from jwks_auth_django.users.profile import POWERS
from jwks_auth_django.users.resolvers import FunctionResolver, TokenUsers, UserResolver

__all__ = ["DATABASE_SETTINGS", "from_options", "trusted_issuers"]

USER_LABEL = 'JWKS_AUTH["USER"]["{}"]'


def _issuers(value: Any) -> frozenset[str]:
    found = readers.names(value)
    if not found:
        raise ValueError(f"expected a list of issuers' URLs, found {value!r}")
    return frozenset(found)


TOKEN_SETTINGS = {"SERVICES": read.Option(read.one_of("token", "refuse"), "token")}

DATABASE_SETTINGS = {
    "CREATE": read.Option(read.flag, True),
    "MATCH_EMAIL": read.Option(read.flag, False),
    "SERVICES": read.Option(read.one_of("refuse", "token", "create"), "refuse"),
    "CLAIM_MAP": read.Option(read.names, {}),
    "FLAGS": read.Option(read.names, {}),
    "FLAGS_FROM": read.Option(_issuers, None),
    "GROUPS_CLAIM": read.Option(read.text, None),
    "GROUPS": read.Option(read.one_of("mirror", "existing", "off"), "existing"),
    "GROUPS_FROM": read.Option(_issuers, None),
}


def trusted_issuers(settings: Settings) -> tuple[str, ...] | None:
    """The issuers that *settings* name; ``None`` where tenants come and go."""
    if "TENANTS" in settings.shared:
        return None
    return tuple(source["ISSUER"] for source in settings.sources)


def _check_grants(given: Mapping[str, Any], issuers: Collection[str] | None) -> None:
    """Powers are granted by issuers that are named, where more than one is trusted; of no *issuers* nothing is known.

    Raises :class:`ConfigurationError` where they are not, or one is named that is not trusted.
    """
    grants = {
        "FLAGS_FROM": bool(given["flags"]) or not POWERS.isdisjoint(given["claim_map"]),
        "GROUPS_FROM": given["groups_claim"] is not None and given["groups"] != "off",
    }
    for setting, is_used in grants.items():
        label, named = USER_LABEL.format(setting), given[setting.lower()]
        if named is None:
            if is_used and (issuers is None or len(set(issuers)) > 1):
                raise ConfigurationError(
                    f"{label} is missing: of several issuers, list those that may grant this"
                )
        elif issuers and (strangers := named.difference(issuers)):
            known = dict.fromkeys(issuers)
            raise ConfigurationError(
                f"{label}: {min(strangers)!r} is no issuer of JWKS_AUTH, expected of {', '.join(map(repr, known))}"
            )


def from_options(options: Mapping[str, Any], issuers: Collection[str] | None) -> UserResolver:
    """The resolver that ``"USER": {"STORE": ...}`` names; *issuers* as from ``trusted_issuers()``.

    Raises :class:`ConfigurationError` for a path that leads nowhere or to something else, and for options the
    store does not know.
    """
    # The store first: which options there are is its to say.
    store = "token" if options.get("STORE") is None else options["STORE"]
    rest = {name: value for name, value in options.items() if name != "STORE" and value is not None}
    if store == "database":
        from jwks_auth_django.users.provisioning import DatabaseUsers  # whose table only the app has

        given = read.parsed(rest, DATABASE_SETTINGS, USER_LABEL)
        _check_grants(given, issuers)
        return DatabaseUsers(**given)
    resolver = None if store == "token" else _resolver_at(store)
    known = TOKEN_SETTINGS if resolver is None else {}
    if misplaced := sorted(rest.keys() & DATABASE_SETTINGS.keys() - known.keys()):
        raise ConfigurationError(
            f'{USER_LABEL.format(misplaced[0])} is not a setting of this store, but of "STORE": "database"'
        )
    given = read.parsed(rest, known, USER_LABEL)
    return resolver or TokenUsers(**given)


def _resolver_at(path: Any) -> UserResolver:
    label = USER_LABEL.format("STORE")
    try:
        found = import_string(path)
    except (ImportError, AttributeError) as error:
        near = closest(path, ("token", "database"))
        hint = f" ({error})" if near is None else f": did you mean {near!r}?"
        raise ConfigurationError(
            f"{label}: expected 'token', 'database' or a dotted path, found {path!r}{hint}"
        ) from error
    if isinstance(found, type) and issubclass(found, UserResolver):
        return found()
    if isinstance(found, type) or not callable(found):
        raise ConfigurationError(f"{label}: {path} is no UserResolver and no function")
    return FunctionResolver(found)
