"""``JWKS_AUTH["USER"]``: the settings of each store, the issuers that may grant powers, and the resolver they make."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.utils.module_loading import import_string

from jwks_auth import ConfigurationError
from jwks_auth.adapters import Setting, closest, parsed, readers, refuse_unknown
from jwks_auth_django.users.mapped import POWERS
from jwks_auth_django.users.resolvers import FunctionResolver, TokenUsers, UserResolver

__all__ = ["DATABASE_SETTINGS", "from_options"]

USER_LABEL = 'JWKS_AUTH["USER"]["{}"]'
_METHODS = {
    "resolve": "request, token",
    "aresolve": "request, token",
    "verify": "request, token",
    "match": "request, token",
    "create_user": "request, token",
    "update_user": "request, user, token",
    "username_for": "token",
}
"""Methods of resolvers, and what they are called with."""

_DATABASE_USERS = "jwks_auth_django.users.provisioning.DatabaseUsers"


def _issuers(value: Any) -> frozenset[str]:
    found = readers.names(value)
    if not found:
        raise ValueError(f"expected a list of issuers' URLs, found {value!r}")
    return frozenset(found)


_TOKEN_SETTINGS = (Setting("SERVICES", readers.one_of("token", "refuse"), default="token"),)

DATABASE_SETTINGS = (
    Setting("CREATE", readers.flag, default=True),
    Setting("MATCH", readers.pairs, default={}),
    Setting("MATCH_EMAIL", readers.flag, default=False),
    Setting("MATCH_FROM", _issuers),
    Setting("SERVICES", readers.one_of("refuse", "token", "create"), default="refuse"),
    Setting("CLAIM_MAP", readers.pairs, default={}),
    Setting("ON_MISFIT", readers.one_of("skip", "refuse"), default="skip"),
    Setting("FLAGS", readers.pairs, default={}),
    Setting("FLAGS_FROM", _issuers),
    Setting("GROUPS_CLAIM", readers.text),
    Setting("GROUPS", readers.one_of("mirror", "existing", "off"), default="existing"),
    Setting("GROUPS_FROM", _issuers),
)
"""Settings beside ``"STORE": "database"``."""


def _check_grants(given: Mapping[str, Any], issuers: Collection[str] | None) -> None:
    """Raise :class:`ConfigurationError` unless accounts and powers are given by named issuers, if several are trusted.

    *issuers* is ``None`` if the trusted issuers are not known.
    """
    if given["match"] and given["match_email"]:
        raise ConfigurationError(f"{USER_LABEL.format('MATCH')} and MATCH_EMAIL exclude each other: keep one")
    grants = {
        "MATCH_FROM": bool(given["match"]) or given["match_email"],
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
    """Return the resolver that ``"USER": {"STORE": ...}`` names; *issuers* as in ``Settings.issuers_of_tokens``.

    Raises :class:`ConfigurationError` for a path to nothing or to the wrong kind of object, and for options that the
    store does not know.
    """
    # The store first, because the valid options depend on it.
    make, rows = _store("token" if options.get("STORE") is None else options["STORE"])
    rest = {name: value for name, value in options.items() if name != "STORE" and value is not None}
    if misplaced := sorted(rest.keys() & _names(DATABASE_SETTINGS) - _names(rows)):
        raise ConfigurationError(
            f'{USER_LABEL.format(misplaced[0])} is not a setting of this store, but of "STORE": "database"'
        )
    given = _parsed(rest, rows)
    if rows is DATABASE_SETTINGS:
        _check_grants(given, issuers)
    return make(**given)


def _parsed(given: Mapping[str, Any], rows: Sequence[Setting]) -> dict[str, Any]:
    refuse_unknown(given, USER_LABEL, _names(rows))
    return parsed(given, rows, USER_LABEL)


def _names(rows: Iterable[Setting]) -> set[str]:
    return {row.name for row in rows}


def _store(named: Any) -> tuple[Callable[..., UserResolver], Sequence[Setting]]:
    """Return the maker of a store's resolver, and the settings it takes."""
    if named == "token":
        return TokenUsers, _TOKEN_SETTINGS
    found = _imported(_DATABASE_USERS if named == "database" else named)
    if isinstance(found, type) and issubclass(found, UserResolver):
        _check_methods(found, named)
        return found, DATABASE_SETTINGS if _keeps_accounts(found) else ()
    if isinstance(found, type) or not callable(found):
        raise ConfigurationError(f"{USER_LABEL.format('STORE')}: {named} is no UserResolver and no function")
    _check_takes(found, named, "request, token")
    return functools.partial(FunctionResolver, found), ()


def _check_methods(kind: type, path: str) -> None:
    for name, arguments in _METHODS.items():
        method = inspect.getattr_static(kind, name, None)
        if inspect.isfunction(method):  # no static one, and no object that can be called
            _check_takes(functools.partial(method, None), f"{path}.{name}", arguments)
        if name == "resolve" and iscoroutinefunction(method):
            label = USER_LABEL.format("STORE")
            raise ConfigurationError(f"{label}: {path}.resolve must not be async, as aresolve is")


def _check_takes(function: Callable[..., Any], path: str, arguments: str) -> None:
    try:
        inspect.signature(function).bind(*arguments.split(", "))
    except (TypeError, ValueError) as error:  # the latter for what is written in C
        label = USER_LABEL.format("STORE")
        raise ConfigurationError(f"{label}: {path} must take ({arguments})") from error


def _keeps_accounts(found: type) -> bool:
    # By name, because only the app has the table that the class's module needs.
    return any(f"{each.__module__}.{each.__qualname__}" == _DATABASE_USERS for each in found.__mro__)


def _imported(path: Any) -> Any:
    try:
        return import_string(path)
    except (ImportError, AttributeError) as error:
        near = closest(path, ("token", "database"))
        hint = f" ({error})" if near is None else f": did you mean {near!r}?"
        raise ConfigurationError(
            f"{USER_LABEL.format('STORE')}: expected 'token', 'database' or a dotted path, found {path!r}{hint}"
        ) from error
