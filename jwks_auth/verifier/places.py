"""The one place that an issuer's keys come from, and the way to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jwks_auth.client import ClientOptions
from jwks_auth.errors import ConfigurationError

__all__ = ["CLIENT_DEFAULTS", "for_client", "places_in"]

CLIENT_DEFAULTS = {"timeout": 5, "wait": 2}
_CLIENT_OPTIONS = {*ClientOptions.__annotations__, *CLIENT_DEFAULTS}


def places_in(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one place that keys come from, with ``None`` for the others."""
    places = {name: options.get(name) for name in ("jwks_uri", "jwks", "discovery_url", "client")}
    given = [name for name, value in places.items() if value is not None]
    if len(given) > 1:
        raise ConfigurationError(
            f"{' and '.join(given)}: expected one place for the keys, found {len(given)}"
        )
    return places


def for_client(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the *options* of the client that an issuer makes, with its defaults."""
    given = {name: value for name, value in options.items() if name in _CLIENT_OPTIONS}
    if options.get("client") is not None and given:
        raise ConfigurationError(f"client and {', '.join(given)}: set these where the client is made")
    return {**CLIENT_DEFAULTS, **given}
