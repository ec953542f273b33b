"""Audiences: the identifiers a service answers to, of which a token must name one (RFC 7519 section 4.1.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final, TypeAlias

from jwks_auth.challenge import several
from jwks_auth.errors import ConfigurationError, InvalidTokenError

__all__ = [
    "ANY_AUDIENCE",
    "AnyAudience",
    "Audience",
    "AudienceSetting",
    "BesideIssuer",
    "ClientIds",
    "OwnAudience",
    "SilentAudience",
    "beside_issuer",
    "checked_audience",
    "client_ids",
    "expected_audience",
    "not_client_ids",
    "validate_audience",
    "within",
]


class AnyAudience(Enum):
    """The type of :data:`ANY_AUDIENCE`."""

    ANY_AUDIENCE = "any audience"
    BESIDE_ISSUER = "any audience, from the issuer named beside it"


ANY_AUDIENCE: Final = AnyAudience.ANY_AUDIENCE
"""Accept tokens for any audience: for issuers that serve this API alone. It must be written explicitly."""


Audience: TypeAlias = frozenset[str] | AnyAudience
"""The identifiers a service answers to, of which a token must name one."""

AudienceSetting: TypeAlias = str | Iterable[str] | AnyAudience | None
"""An audience as a program gives it; ``None`` if it gives none."""


class OwnAudience(frozenset[str]):
    """The audience of one of several issuers, which a route widens only if it names the issuer.

    Otherwise a route for another of the service's names would accept a partner's tokens.
    """

    __slots__ = ()


class ClientIds(OwnAudience):
    """The audience of an issuer's ID tokens: the clients they are for. No route widens it."""

    __slots__ = ()


class SilentAudience(frozenset[str]):
    """The service's audience for tokens of its own: one that names no audience passes it, and no route's."""

    __slots__ = ()


class BesideIssuer(frozenset[str]):
    """The audience of a route that also names its issuer: it replaces the issuer's own."""

    __slots__ = ()


def checked_audience(audience: AudienceSetting) -> Audience | None:
    """Read the setting: a string, several, or ``ANY_AUDIENCE``; raise ``ConfigurationError`` for anything else."""
    if audience is None or isinstance(audience, AnyAudience | BesideIssuer):
        return audience
    listed = frozenset(several(audience))
    if not listed or not all(isinstance(name, str) and name.strip() for name in listed):
        raise ConfigurationError(
            f"audience: found {audience!r}, expected the identifiers this service answers to, or ANY_AUDIENCE"
        )
    return listed


def client_ids(audience: Audience | None) -> Audience | None:
    """Return *audience* as that of ID tokens."""
    return ClientIds(audience) if isinstance(audience, frozenset) else audience


def not_client_ids(audience: Audience | None) -> Audience | None:
    """Return *audience* as that of access tokens, which routes may replace."""
    return frozenset(audience) if isinstance(audience, ClientIds) else audience


def beside_issuer(audience: AudienceSetting) -> Audience | None:
    """Return the *audience* of a route that names its issuer, so that it may widen that issuer's own."""
    asked = checked_audience(audience)
    if asked is None:
        return None
    return AnyAudience.BESIDE_ISSUER if isinstance(asked, AnyAudience) else BesideIssuer(asked)


def within(asked: Audience, own: Audience | None) -> Audience:
    """Return the part of *asked*, a route's audience, that counts for tokens of an issuer with the audience *own*."""
    beside = isinstance(asked, BesideIssuer) or asked is AnyAudience.BESIDE_ISSUER
    if not isinstance(own, OwnAudience) or (beside and not isinstance(own, ClientIds)):
        return asked
    return own if isinstance(asked, AnyAudience) else asked & own


def validate_audience(claims: Mapping[str, Any], expected: Audience) -> None:
    """Raise ``InvalidTokenError`` unless one of the token's audiences is *expected* (RFC 9068 section 4)."""
    if isinstance(expected, AnyAudience):
        return
    audience = claims.get("aud")
    if audience not in expected if isinstance(audience, str) else expected.isdisjoint(audience or ()):
        if audience is None and expected and isinstance(expected, SilentAudience):
            return
        raise InvalidTokenError("wrong_audience")


def expected_audience(asked: AudienceSetting, own: Audience | None) -> Audience:
    """Return the audience that a token must be for: *asked*, a route's, within the issuer's *own*, or that.

    Raises ``ConfigurationError`` if neither is given.
    """
    checked = None if asked is None else checked_audience(asked)
    expected = own if checked is None else within(checked, own)
    if expected is None:
        raise ConfigurationError(
            "audience: found none, neither for this call nor for the verifier or the issuer; say which "
            "identifiers this service answers to, or ANY_AUDIENCE"
        )
    return expected
