"""The settings of one issuer's introspection, which code gives as one object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jwks_auth.errors import ConfigurationError
from jwks_auth.verifier import Introspection

__all__ = ["check_asked", "introspecting"]

_OWN = ("introspection_url", "introspection_client", "token_prefix")
_SHARED = ("introspection_cache", "introspection_jwt", "introspection_audience")


def introspecting(given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of an issuer, with those for its introspection as one object."""
    mode = given.pop("introspection", None)
    own = {name: given.pop(name, None) for name in (*_OWN, *_SHARED)}
    if mode is None:
        if idle := [name for name in _OWN if own[name] is not None]:
            raise ConfigurationError(
                f"{idle[0]} has no effect without INTROSPECTION, which is opaque or always"
            )
        return given
    client: Mapping[str, str] = own["introspection_client"] or {}
    said = {
        "url": own["introspection_url"],
        "client_id": client.get("ID"),
        "client_secret": client.get("SECRET"),
        "method": client.get("METHOD"),
        "cache": own["introspection_cache"],
        "jwt": own["introspection_jwt"],
        "audience": own["introspection_audience"],
        "token_prefix": own["token_prefix"],
    }
    stated = {name: value for name, value in said.items() if value is not None}
    return {**given, "introspection": Introspection(mode=mode, **stated)}


def check_asked(shared: Mapping[str, Any], made: Iterable[object], label: str) -> None:
    """Raise ``ConfigurationError`` if no issuer could be asked: *made* has ``None`` for each that settings describe."""
    if shared.get("INTROSPECTION", "off") != "off" and None not in list(made):
        raise ConfigurationError(
            f"{label.format('INTROSPECTION')}: found no issuer that could be asked, as tenants never are, nor issuers "
            "made in code: those have introspection= of their own"
        )
