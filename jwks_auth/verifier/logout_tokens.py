"""Logout tokens, by which a provider tells that a session is over (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from functools import partial
from typing import Any, Protocol

from jwks_auth.claims import validate_claims, widest_rules
from jwks_auth.errors import InvalidTokenError
from jwks_auth.jose import issuer_of, parse_jws
from jwks_auth.runtime import RawToken, dataclass
from jwks_auth.verifier.trusted import Signed, TrustedIssuer

__all__ = ["FRESH", "Issuers", "Logout", "LogoutTokenVerifier"]

FRESH = 120.0
"""Seconds for which a logout token is taken after it was issued (section 2.4 recommends at most two minutes)."""

_LONGEST = 16_384  # characters
_TYPES = frozenset({None, "application/jwt", "application/logout+jwt"})
_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True, slots=True)
class Logout:
    """The end of a session *sid* of a user *sub*, or of all sessions of the user."""

    issuer: str
    jti: str
    sid: str | None
    sub: str | None
    issued_at: float


class Issuers(Protocol):
    """The issuers that are trusted."""

    def under(self, name: str) -> TrustedIssuer:
        """Return the issuer trusted under *name*; raise ``InvalidTokenError`` or ``KeySourceError``."""

    async def aunder(self, name: str) -> TrustedIssuer:
        """Do as :meth:`under`, without blocking the event loop."""


class LogoutTokenVerifier:
    """Verifies logout tokens of the *issuers* for *clients* (section 2.6); all but that ``jti`` is new.

    They are signed with the keys and algorithms of access tokens.
    """

    def __init__(self, issuers: Issuers, clients: Iterable[str]) -> None:
        self._issuers, self._clients = issuers, frozenset(clients)
        self._parse = partial(parse_jws, longest=_LONGEST)

    def verify(self, sent: RawToken) -> Logout:
        """Return the logout that the token tells of. Raises ``AuthError`` or ``KeySourceError``."""
        token = sent.read(self._parse)
        issuer = self._own(self._issuers.under(issuer_of(token.claims)))
        issuer.signer(token)
        return issuer.logout(token)

    async def averify(self, sent: RawToken) -> Logout:
        """Do as :meth:`verify`, without blocking the event loop."""
        token = sent.read(self._parse)
        issuer = self._own(await self._issuers.aunder(issuer_of(token.claims)))
        await issuer.asigner(token)
        return issuer.logout(token)

    def _own(self, trusted: TrustedIssuer) -> _LogoutIssuer:
        rules = replace(
            widest_rules(trusted.rules.leeway),
            algorithms=trusted.rules.algorithms,
            types=_TYPES,
            max_age=FRESH,
        )
        given = {field.name: getattr(trusted, field.name) for field in fields(trusted)}
        return _LogoutIssuer(**{**given, "rules": rules, "clients": self._clients})


@dataclass(frozen=True)
class _LogoutIssuer(TrustedIssuer):
    """An issuer of logout tokens for *clients*."""

    clients: frozenset[str] = frozenset()

    def judge(self, token: Signed) -> dict[str, Any]:
        """Return the claims if they are those of a logout token for our clients; raise ``InvalidTokenError``."""
        claims = token.claims
        if not self.goes_by(issuer_of(claims)):
            raise InvalidTokenError("wrong_issuer")
        _check_kind(claims)
        # Drafts of the specification had no exp; a token's age is limited anyway.
        validate_claims({"exp": self.clock() + FRESH, **claims}, self.rules, self.clock())
        _check_clients(claims.get("aud"), self.clients)
        _check_subject(claims)
        return claims

    def logout(self, token: Signed) -> Logout:
        """Return the logout that a token tells of whose signature is verified."""
        claims = self.judge(token)
        return Logout(self.name, claims["jti"], claims.get("sid"), claims.get("sub"), float(claims["iat"]))


def _check_kind(claims: dict[str, Any]) -> None:
    """Raise ``InvalidTokenError`` for an ID token, an access token, or another event (section 2.6, 5 and 6)."""
    events = claims.get("events")
    if "nonce" in claims or not isinstance(events, dict) or not isinstance(events.get(_EVENT), dict):
        raise InvalidTokenError("wrong_type")


def _check_clients(audience: Any, clients: frozenset[str]) -> None:
    """Raise ``InvalidTokenError`` if the token is not, or not only, for clients of ours."""
    named = {audience} if isinstance(audience, str) else set(audience or ())
    if not named or not named <= clients:
        raise InvalidTokenError("wrong_audience")


def _check_subject(claims: dict[str, Any]) -> None:
    found = [claims.get(name) for name in ("jti", "sid", "sub")]
    if not all(isinstance(name, str | None) and name != "" for name in found):
        raise InvalidTokenError("invalid_claim")
    jti, sid, sub = found
    if jti is None or (sid is None and sub is None):
        raise InvalidTokenError("missing_claim")
