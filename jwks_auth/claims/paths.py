"""Claim paths: the places where an issuer keeps scopes, roles, permissions and the client."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jwks_auth.errors import ConfigurationError
from jwks_auth.runtime import dataclass

__all__ = ["ClaimPath", "checked_places", "client_of", "find_claim", "read_places"]

_CLIENT_CLAIMS = ("client_id", "azp", "appid", "cid")  # RFC 9068, OpenID Connect, Entra v1, Okta
_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class ClaimPath:
    """A claim's place: ``roles``, ``https://acme.dev/roles``, ``realm_access.roles``.

    With *may_be_one_name*, a claim of exactly this name comes first; otherwise each dot leads one object further in.
    ``{client}`` stands for the token's client. If a name itself has dots, give the names as a list:
    ``["resource_access", "my.api", "roles"]``.
    """

    name: str
    steps: tuple[str, ...]
    may_be_one_name: bool = True

    @classmethod
    def of(cls, place: str | Sequence[str]) -> ClaimPath:
        """Read a place; raise ``ValueError`` for an impossible one."""
        if not isinstance(place, str):
            if not (isinstance(place, list | tuple) and place and all(map(_is_name, place))):
                raise ValueError(
                    "expected a claim, a path such as realm_access.roles, or its steps as a list"
                )
            return cls(".".join(place), tuple(place), may_be_one_name=False)
        steps = place.split(".")
        if not place.strip() or _SPACE.search(place):
            raise ValueError("expected a claim or a path without spaces; several are a list")
        if '"' in place:
            raise ValueError("expected a name without quotation marks; several are a list")
        if all(steps):
            return cls(place, tuple(steps))
        if ":" not in place:
            raise ValueError("expected a name before and after each dot")
        return cls(place, (place,))  # a URL, which may hold two dots in a row

    def put(self, claims: dict[str, Any], value: Any) -> None:
        """Set the claim in *claims* to *value*."""
        *within, last = (self.name,) if self.may_be_one_name else self.steps
        for step in within:
            claims = claims.setdefault(step, {})
        claims[last] = value


def read_places(places: Any, *, split: bool = False) -> tuple[ClaimPath, ...]:
    """Read one place, or a list of places, of which each may be a list of steps; raise ``ValueError``.

    With *split*, a string is a list separated by spaces.
    """
    if isinstance(places, str):
        listed: list[Any] = places.split() if split else [places]
    else:
        listed = [] if isinstance(places, Mapping) or not isinstance(places, Iterable) else list(places)
    if not listed:
        raise ValueError("expected at least one place in the claims")
    return tuple(map(ClaimPath.of, listed))


def checked_places(label: str, places: Any, *, split: bool = False) -> tuple[ClaimPath, ...]:
    """Read the setting *label* as :func:`read_places` does; raise ``ConfigurationError``."""
    try:
        return read_places(places, split=split)
    except ValueError as exc:
        raise ConfigurationError(f"{label}: {exc}, found {places!r}") from exc


def find_claim(claims: Mapping[str, Any], path: ClaimPath, default: Any = None) -> Any:
    """Return the value at *path*, or *default*. It raises for no claims."""
    if path.may_be_one_name:
        value = claims.get(path.name, default)
        if len(path.steps) == 1 or (value is not None and value is not default):
            return value
    value = claims
    for step in path.steps:
        name = client_of(claims) if step == "{client}" else step
        if not isinstance(value, dict) or name not in value:
            return default
        value = value[name]
    return value


def client_of(claims: Mapping[str, Any]) -> str | None:
    """Return the client that the token was issued to, under whichever name the issuer uses."""
    for name in _CLIENT_CLAIMS:
        value = claims.get(name)
        if isinstance(value, str):
            return value
    return None


def _is_name(step: object) -> bool:
    return isinstance(step, str) and bool(step.strip())
