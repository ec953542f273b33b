"""What people have agreed to: codes that are good once, and refresh tokens that change with each use."""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from hashlib import sha256
from typing import Any

from jwks_auth.devissuer.web import OAuthError
from jwks_auth.runtime import dataclass

__all__ = ["CODE_SECONDS", "Code", "Grant", "Grants"]

CODE_SECONDS = 60
REFRESH_SECONDS = 30 * 86_400
_LONGEST_SESSION = 86_400
_MOST_CODES = 1000
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Grant:
    """The tokens that a client may have: whose, for whom, and with which scopes. *jkt*: bound to this key.

    *sid* names it in tokens.
    """

    client_id: str
    sub: str
    scopes: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)
    nonce: str = ""
    acr: str = ""
    auth_time: int = 0
    jkt: str = ""
    sid: str = ""

    def narrowed(self, scopes: tuple[str, ...], audience: tuple[str, ...]) -> Grant:
        """Return it for fewer *scopes* and another *audience*, where these are given; raise :class:`OAuthError`."""
        if not set(scopes) <= set(self.scopes):
            raise OAuthError("invalid_scope", "a scope was not granted")
        if self.audience and not set(audience) <= set(self.audience):
            raise OAuthError("invalid_target", "an audience was not granted")
        return replace(self, scopes=scopes or self.scopes, audience=audience or self.audience)

    def as_mapping(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {name: getattr(self, name) for name in _FIELDS}

    @classmethod
    def from_mapping(cls, kept: Mapping[str, Any]) -> Grant:
        """Return the grant that was kept."""
        known = {name: kept[name] for name in _FIELDS}
        return cls(**{**known, "scopes": tuple(known["scopes"]), "audience": tuple(known["audience"])})


_FIELDS = ("client_id", "sub", "scopes", "audience", "claims", "nonce", "acr", "auth_time", "jkt", "sid")


@dataclass(slots=True)
class Code:
    """A code: its *grant*, and everything that whoever redeems it has to know. *family* is set once it is used."""

    grant: Grant
    redirect_uri: str
    challenge: str
    expires: float
    family: str = ""

    def fits(self, client_id: str, redirect_uri: str, verifier: str) -> bool:
        """Return whether the client that asked redeems it, from the same place, and with its secret (RFC 7636)."""
        if not _VERIFIER.fullmatch(verifier):
            return False
        digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        own = (client_id, redirect_uri) == (self.grant.client_id, self.redirect_uri)
        return hmac.compare_digest(digest, self.challenge) and own


class Grants:
    """The codes in use, and the families of refresh tokens: each use of one gives the next, and ends the one before."""

    def __init__(self, clock: Callable[[], float], kept: Mapping[str, Any]) -> None:
        self._clock = clock
        self._codes: dict[str, Code] = {}
        self._families: dict[str, dict[str, Any]] = dict(kept)
        self.ended: set[str] = set()
        """The ``sid`` of grants whose tokens no longer count."""

    @property
    def families(self) -> Mapping[str, Any]:
        """The families, for JSON; of a token there is only its digest."""
        return self._families

    def grant_of(self, family: str) -> Grant:
        """Return a family's grant."""
        return Grant.from_mapping(self._families[family]["grant"])

    def code(self, grant: Grant, *, redirect_uri: str, challenge: str) -> str:
        """Return a new code."""
        now = self._clock()
        self._families = {name: kept for name, kept in self._families.items() if kept["expires"] > now}
        self._codes = {name: each for name, each in self._codes.items() if each.expires > now}
        if len(self._codes) >= _MOST_CODES:
            del self._codes[next(iter(self._codes))]
        code = secrets.token_urlsafe(32)
        self._codes[code] = Code(grant, redirect_uri, challenge, now + CODE_SECONDS)
        return code

    def redeem(self, code: str, *, client_id: str, redirect_uri: str, verifier: str) -> tuple[Grant, str]:
        """Return the grant of a code, and the name of its family; raise :class:`OAuthError`.

        A code that comes a second time, or from somebody else, is over: so are the tokens that it was good for.
        """
        found = self._codes.get(code)
        if found is None or found.expires <= self._clock():
            raise OAuthError("invalid_grant", "the code is unknown or over")
        if found.family:
            self.end(found.family)
            raise OAuthError("invalid_grant", "the code was used before: its tokens are over")
        if not found.fits(client_id, redirect_uri, verifier):
            del self._codes[code]
            raise OAuthError("invalid_grant", "client_id, redirect_uri or code_verifier is not the code's")
        found.family = secrets.token_urlsafe(16)
        kept = {"current": "", "expires": self._clock() + _LONGEST_SESSION}
        self._families[found.family] = {"grant": found.grant.as_mapping(), **kept}
        return found.grant, found.family

    def bind(self, family: str, grant: Grant) -> None:
        """Keep *grant* as its family's from now on."""
        self._families[family]["grant"] = grant.as_mapping()

    def refresh_token(self, family: str) -> str:
        """Return the next refresh token of a family; the one before is over."""
        secret = secrets.token_urlsafe(32)
        kept = {"current": _digest(secret), "expires": self._clock() + REFRESH_SECONDS}
        self._families[family].update(kept)
        return f"{family}.{secret}"

    def refreshed(self, token: str, client_id: str) -> str:
        """Return the family of a refresh token; raise :class:`OAuthError`.

        One that was used before ends the family, as either its client or a thief holds the next.
        """
        family = self._family(token)
        if family is None or self.grant_of(family).client_id != client_id:
            raise OAuthError("invalid_grant", "the refresh token is unknown or over")
        if not self.is_current(token):
            self.end(family)
            raise OAuthError("invalid_grant", "the refresh token was used before: its grant is over")
        return family

    def is_current(self, token: str) -> bool:
        """Return whether *token* is the refresh token that its family takes next."""
        kept = self._families.get(token.partition(".")[0])
        return kept is not None and hmac.compare_digest(kept["current"], _digest(token.partition(".")[2]))

    def _family(self, token: str) -> str | None:
        family = token.partition(".")[0]
        kept = self._families.get(family)
        return family if kept is not None and kept["expires"] > self._clock() else None

    def end(self, family: str) -> None:
        """End a family, and the tokens of its grant."""
        kept = self._families.pop(family, None)
        if kept is not None:
            self.ended.add(kept["grant"]["sid"])

    def end_of(self, *, sub: str, client_id: str = "") -> None:
        """End the grants of a person, for one client or all."""
        for family in tuple(self._families):
            grant = self.grant_of(family)
            if grant.sub == sub and client_id in ("", grant.client_id):
                self.end(family)

    def end_all(self) -> None:
        """End every grant, and the codes that nobody has redeemed."""
        self._codes = {}
        for family in tuple(self._families):
            self.end(family)

    def revoke(self, token: str, client_id: str) -> bool:
        """End the family of a refresh token, if it is the client's; return whether it was one."""
        family = self._family(token)
        if family is None or self.grant_of(family).client_id != client_id or not self.is_current(token):
            return False
        self.end(family)
        return True


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
