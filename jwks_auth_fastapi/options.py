"""Options of ``JWTBearer``: its own, and the settings if those are not given otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any, TypedDict

from jwks_auth import ConfigurationError
from jwks_auth.adapters import ROWS, AnyAudience, SettingsOptions, meant
from jwks_auth_fastapi.openapi import Kind, OpenAPISettings
from jwks_auth_fastapi.settings import JWKSAuthSettings

__all__ = ["GIVEN", "BearerOptions", "StatedOptions", "VariantOptions", "checked", "parted"]


class _OwnOptions(TypedDict, total=False):
    openapi: OpenAPISettings | Kind
    websocket_subprotocol: bool
    require_warm_up: bool


class BearerOptions(_OwnOptions, total=False):
    """The options of :class:`JWTBearer`, beside settings, that don't change its type."""

    audience: str | Iterable[str] | AnyAudience


class VariantOptions(TypedDict, total=False):
    """The options of :meth:`JWTBearer.variant` that don't change its type."""

    audience: str | Iterable[str] | AnyAudience
    issuer: str | Iterable[str]
    websocket_subprotocol: bool


class StatedOptions(SettingsOptions, _OwnOptions, total=False):
    """The same options without settings, and every setting under its name in lower case."""


GIVEN: Any = object()
"""The value of *settings* if they are among the options."""

_OWN = frozenset({*_OwnOptions.__annotations__, "claims"})
_FLAGS = frozenset({"websocket_subprotocol", "require_warm_up"})
_SETTINGS = frozenset(name.lower() for name in ROWS)


def parted(settings: Any, options: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the settings and the bearer's own options; raise for an unknown name, and for ``None``.

    Without *settings*, every option that is not the bearer's own is a setting, also ``audience``; the other settings
    come from the environment. The settings are ``None`` where none are said.
    """
    if settings is None or isinstance(settings, str):
        raise ConfigurationError(f"settings: found {settings!r}; write JWTBearer(issuer=..., audience=...)")
    names = _OWN | (_SETTINGS if settings is GIVEN else {"audience"})
    own = {name: value for name, value in options.items() if settings is not GIVEN or name in _OWN}
    checked("JWTBearer", options, names, own)
    if settings is not GIVEN:
        return settings, own
    stated = {name: value for name, value in options.items() if name not in own}
    return JWKSAuthSettings(**stated) if stated else None, own


def checked(
    call: str, options: Mapping[str, Any], names: Set[str], own: Mapping[str, Any] | None = None
) -> None:
    """Raise for a name that is not among *names*, and for ``None`` among *own*, or else among all *options*."""
    if unknown := sorted(options.keys() - names):
        raise TypeError(_unexpected(call, unknown[0], names))
    said = options if own is None else own
    if unset := sorted(name for name, value in said.items() if value is None):
        raise ConfigurationError(f"{unset[0]}: found None; leave {unset[0]} out where it is not set")
    for name in sorted(_FLAGS & said.keys()):
        if not isinstance(said[name], bool):  # the text "false" would count as true
            raise ConfigurationError(f"{name}: found {said[name]!r}, expected True or False")


def _unexpected(call: str, name: str, names: Set[str]) -> str:
    hint = "say it in the settings" if name in _SETTINGS else meant(name, sorted({*names, "optional"}))
    return f"{call}() got an unexpected keyword argument {name!r}: {hint}"
