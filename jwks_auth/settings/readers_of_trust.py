"""Readers of the settings on trust that are more than names: providers, claims, tenants, places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jwks_auth.claims import read_places
from jwks_auth.runtime import nearest
from jwks_auth.settings.readers import imported, mapping, names, split
from jwks_auth.verifier import PROVIDERS

__all__ = [
    "place",
    "places",
    "provider",
    "required_claims",
    "tenants",
]

_TENANT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SEVERAL = '["realm_access.roles", ["resource_access", "my.client", "roles"]]'


def provider(value: Any) -> str:
    """The name of a provider."""
    if not isinstance(value, str) or value not in PROVIDERS:
        raise ValueError(f"found {value!r}: {nearest(value, PROVIDERS)}")
    return value


def required_claims(value: Any) -> tuple[str, ...] | dict[str, Any]:
    """Read names, as :func:`names`; or a dict (or JSON object) of names and the value that each must have."""
    if isinstance(value, Mapping) or (isinstance(value, str) and value.lstrip().startswith("{")):
        return mapping(value)
    return names(value)


def tenants(value: Any) -> Any:
    """A ``Tenants`` or its dotted path; or the ids of Entra's tenants, as :func:`names`."""
    if isinstance(value, str) and not (value.lstrip().startswith("[") or _TENANT_ID.match(value.strip())):
        return imported(value)
    if not isinstance(value, str | list | tuple | set | frozenset):
        return value
    listed = names(value)
    if not listed:
        raise ValueError("expected the ids of tenants, found none")
    if strays := [each for each in listed if not _TENANT_ID.fullmatch(each)]:
        raise ValueError(
            f"expected the ids of tenants, as in 11111111-2222-3333-4444-555555555555, found {strays[0]!r}"
        )
    return tuple(each.lower() for each in listed)


def place(value: Any) -> Any:
    """Read a place in the claims: a claim, a path, or a list of places, of which each may be a list of steps."""
    if isinstance(value, str) and len(value.split()) > 1 and not value.lstrip().startswith("["):
        raise ValueError(f"found a space in {value!r}; write several as a list: {_SEVERAL}")
    if isinstance(value, str) and "," in value and not value.lstrip().startswith("["):
        raise ValueError(f"found a comma in {value!r}; write several as a list: {_SEVERAL}")
    return places(value)


def places(value: Any) -> Any:
    """Read places as :func:`place`; in a string, spaces separate several."""
    listed = split(value)
    try:
        read_places(listed)
    except ValueError as error:
        raise ValueError(f"{error}: {_SEVERAL}; found {value!r}") from error
    return listed
