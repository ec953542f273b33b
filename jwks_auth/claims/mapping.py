"""Claim mappings: one issuer's scopes, roles and permissions, read from wherever it keeps them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from jwks_auth.challenge import fields
from jwks_auth.claims.audience import Audience
from jwks_auth.claims.binding import Binding
from jwks_auth.claims.paths import ClaimPath, client_of, find_claim
from jwks_auth.runtime import dataclass

__all__ = ["ACR", "ClaimMapping", "Grants", "Reading", "TokenKind"]

log = logging.getLogger("jwks_auth")

ACR = ClaimPath.of("acr")
"""The place of the way in which the user authenticated (OpenID Connect Core section 2)."""

Grants = Literal["scopes", "roles", "permissions"]
TokenKind = Literal["jwt", "opaque", "other"]

_MOST_NAMES = 10_000
"""The most names at one place; providers have a few hundred, and a request may read them several times."""

_OVERAGE = (
    "they are too many to stand in the token (Entra's overage): have it send app roles, or only the groups that are "
    "assigned to the application"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """The names found at one place, and the reason if there are none."""

    place: ClaimPath
    names: frozenset[str]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimMapping:
    """The places of one issuer's claims, and the audience of its tokens, if one is configured."""

    scopes: tuple[ClaimPath, ...]
    roles: tuple[ClaimPath, ...]
    permissions: tuple[ClaimPath, ...]
    audience: Audience | None = None
    issuer: str | None = None
    """The issuer's canonical name, whichever of its names a token has."""
    acr: ClaimPath = ACR
    implies: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The scopes that each scope grants besides itself, through others too."""
    leeway: float = 0
    """Seconds by which the issuer's clock may differ."""
    binding: Binding | None = None
    """The proofs that the issuer's tokens need; ``None`` where neither it nor the verifier says anything."""
    kind: TokenKind = "jwt"
    """The way in which the tokens were verified."""

    def names(self, kind: Grants, claims: Mapping[str, Any]) -> frozenset[str]:
        """Return the names at all places of one kind. A value of the wrong form gives none, and is logged."""
        found: frozenset[str] = frozenset()
        for reading in self.read(kind, claims):
            found = found | reading.names if found else reading.names
            if reading.fault is not None:
                place, told = reading.place.name, fields("unusable_grants")
                log.debug("%s: none at %s, as %s", kind, place, reading.fault, extra=told)
        if self.implies and kind == "scopes":
            return found.union(*(self.implies[name] for name in found if name in self.implies))
        return found

    def read(self, kind: Grants, claims: Mapping[str, Any]) -> list[Reading]:
        """Return what is found at each place of one kind. Never raises, whatever the claims are."""
        places: tuple[ClaimPath, ...] = getattr(self, kind)
        return [_reading(claims, place, split=kind == "scopes") for place in places]


def _reading(claims: Mapping[str, Any], place: ClaimPath, *, split: bool) -> Reading:
    value = find_claim(claims, place)
    if value is None:
        return Reading(place, frozenset(), _why_absent(claims, place))
    names = _names(value, split=split)
    return Reading(place, frozenset(), _shape(value)) if names is None else Reading(place, names)


def _names(value: Any, *, split: bool) -> frozenset[str] | None:
    if isinstance(value, str):
        # str.split() would also split on tabs, newlines and U+00A0, which are no separators in RFC 6749.
        listed = frozenset(value.split(" ") if split else (value,))
        return listed - {""} if "" in listed else listed
    if not isinstance(value, list | dict) or len(value) > _MOST_NAMES:
        return None
    if isinstance(value, dict):  # Zitadel's roles; {"admin": false} is no admin
        return frozenset(name for name, given in value.items() if given)
    return frozenset(value) - {""} if all(isinstance(item, str) for item in value) else None


def _shape(value: Any) -> str:
    if isinstance(value, list | dict) and len(value) > _MOST_NAMES:
        return f"there are more than {_MOST_NAMES:,}"
    if isinstance(value, list):
        return "the list holds something else than names"
    return f"it is {'true or false' if isinstance(value, bool) else 'a number'}"


def _why_absent(claims: Mapping[str, Any], place: ClaimPath) -> str | None:
    elsewhere = claims.get("_claim_names")
    if isinstance(elsewhere, dict) and place.name in elsewhere:
        return _OVERAGE
    if place.name == "groups" and claims.get("hasgroups"):
        return _OVERAGE
    if "{client}" in place.steps and client_of(claims) is None:
        return "the token names no client"
    return None
