"""Claim paths: the places where an issuer keeps scopes, roles, permissions and the client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jwks_auth.claims.audience import Audience

__all__ = ["ClaimMapping", "ClaimPath", "client_of", "find_claim"]

_CLIENT_CLAIMS = ("client_id", "azp", "appid", "cid")  # RFC 9068, OpenID Connect, Entra v1, Okta


@dataclass(frozen=True, slots=True)
class ClaimPath:
    """A claim's place: ``roles``, ``https://acme.dev/roles``, ``realm_access.roles``.

    A claim with exactly this name wins; otherwise each dot leads one object further in. ``{client}`` stands
    for the token's client, as in ``resource_access.{client}.roles``. Where the names themselves hold dots,
    give them one by one: ``("resource_access", "my.api", "roles")``.
    """

    name: str
    steps: tuple[str, ...]

    @classmethod
    def of(cls, place: str | Sequence[str]) -> ClaimPath:
        """Read a setting."""
        if isinstance(place, str):
            return cls(place, tuple(place.split(".")))
        return cls(".".join(place), tuple(place))


@dataclass(frozen=True, slots=True)
class ClaimMapping:
    """The places of one issuer's claims, and the audience of its tokens, where that is said."""

    scopes: tuple[str, ...]
    roles: ClaimPath
    permissions: ClaimPath
    audience: Audience | None = None
    issuer: str | None = None
    """The issuer's canonical name, whichever of its names a token has."""
    lists: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The claims that, where present, are a string or a list of strings."""
    nested: tuple[ClaimPath, ...] = field(init=False, repr=False, compare=False)
    """The paths that may lead to such a claim further in."""

    def __post_init__(self) -> None:
        paths = (self.roles, self.permissions)
        object.__setattr__(self, "lists", ("aud", *self.scopes, *(path.name for path in paths)))
        object.__setattr__(self, "nested", tuple(path for path in paths if len(path.steps) > 1))

    def scopes_in(self, claims: Mapping[str, Any]) -> Any:
        """Return the first scope claim that is there, as it was sent; an empty string where none is."""
        for name in self.scopes:
            if name in claims:
                return claims[name]
        return ""


def find_claim(claims: Mapping[str, Any], path: ClaimPath, default: Any = None) -> Any:
    """Return the value at *path*, or *default*. Never raises, whatever the claims are."""
    if path.name in claims:
        return claims[path.name]
    if len(path.steps) == 1:
        return default
    value: Any = claims
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
