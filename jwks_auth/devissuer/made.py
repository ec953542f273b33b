"""Tokens with any claims, for the control page and the command."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from jwks_auth.devissuer.issuer import DevIssuer
from jwks_auth.devissuer.web import OAuthError
from jwks_auth.jose import parse_jws
from jwks_auth.runtime import dataclass

__all__ = ["MadeToken", "Token", "asked_in", "made"]

_TYPES = {"access": "at+jwt", "opaque": "", "id": "JWT", "logout": "logout+jwt"}
_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A token to make. *claims* replace all others, and ``None`` among them leaves one out."""

    sub: str
    kind: str = "access"
    audience: tuple[str, ...] = ()
    scope: str = ""
    roles: tuple[str, ...] = ()
    expires_in: float = 300
    claims: Mapping[str, Any] = field(default_factory=dict)
    kid: str = ""
    jkt: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and its parts; an opaque one has no header."""

    token: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def made(issuer: DevIssuer, asked: MadeToken) -> Token:
    """Return the token; raise :class:`OAuthError` for a kind or a key that is unknown."""
    if asked.kind not in _TYPES:
        raise OAuthError("invalid_request", "The kind of token is unknown.")
    if asked.kid and asked.kid not in {key.kid for key, _ in issuer.all_keys()}:
        raise OAuthError("invalid_request", "The key is unknown.")
    claims = {name: value for name, value in _claims(issuer, asked).items() if value is not None}
    if asked.kind == "opaque":
        token = secrets.token_urlsafe(32)
        issuer.tell_of(token, claims)
        return Token(token, {}, claims)
    token = issuer.signed(claims, typ=_TYPES[asked.kind], kid=asked.kid or None)
    return Token(token, dict(parse_jws(token).header), claims)


def _claims(issuer: DevIssuer, asked: MadeToken) -> dict[str, Any]:
    audience: Any = asked.audience[0] if len(asked.audience) == 1 else list(asked.audience)
    person = issuer.person(asked.sub)
    filled = issuer.claims(
        expires_in=int(asked.expires_in),
        sub=asked.sub,
        aud=audience or issuer.audience,
        scope=asked.scope or None,
    )
    own = {**(person.own_claims if person else {}), **({"roles": list(asked.roles)} if asked.roles else {})}
    bound = {"cnf": {"jkt": asked.jkt}} if asked.jkt else {}
    # Neither kind is an access token, which alone names a client and has scopes.
    plain = {"client_id": None, "scope": None} if asked.kind in ("id", "logout") else {}
    event: dict[str, Any] = {"events": {_LOGOUT: {}}} if asked.kind == "logout" else {}
    return {**(own if asked.kind != "logout" else {}), **filled, **plain, **bound, **event, **asked.claims}


def asked_in(given: Mapping[str, Any], issuer: DevIssuer) -> MadeToken:
    """Read what the command asks for; raise :class:`OAuthError`."""
    texts = {name: given.get(name, "") for name in ("sub", "scope", "jkt")}
    audience, claims = given.get("audience", []), given.get("claims", {})
    lasting = given.get("expires_in", issuer.behaviour.lifetime)
    good = (
        all(isinstance(each, str) and len(each) <= _LONGEST for each in (*texts.values(), *_listed(audience)))
        and isinstance(claims, Mapping)
        and type(lasting) in (int, float)
        and abs(lasting) <= 10**9
    )
    if not good:
        raise OAuthError("invalid_request", "expected sub, scope, audience, expires_in, claims and jkt")
    sub = texts["sub"] or issuer.people[0].sub
    return MadeToken(
        sub,
        "access",
        tuple(audience),
        texts["scope"],
        expires_in=lasting,
        claims=dict(claims),
        jkt=texts["jkt"],
    )


def _listed(audience: object) -> list[object]:
    return audience if isinstance(audience, list) else [None]
