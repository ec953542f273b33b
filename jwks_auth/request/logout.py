"""The endpoint at which providers tell of logouts (OpenID Connect Back-Channel Logout 1.0, sections 2.5 to 2.8)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from functools import partial
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import parse_qsl

from jwks_auth.challenge import fields, shown
from jwks_auth.errors import ConfigurationError, InvalidRequestError, InvalidTokenError, Refused
from jwks_auth.request.resource import Answer
from jwks_auth.runtime import BoundedCalls, RawToken
from jwks_auth.stores import Revocations
from jwks_auth.verifier import FRESH, Issuers, Logout, LogoutTokenVerifier, RevocationCopy

__all__ = ["LONGEST_LOGOUT", "LogoutEndpoint"]

log = logging.getLogger(__name__)

LONGEST_LOGOUT = 32_768
"""Octets of a request that are read; a longer one is refused."""

_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 16
_TTL = 86_400.0
_STORE_WAIT = 2.0  # seconds

_NEVER_STORED = ("Cache-Control", "no-store")


def _refusal(status: int, error: str, description: str, *headers: tuple[str, str]) -> Answer:
    body = json.dumps({"error": error, "error_description": description}).encode()
    return Answer(status, (("Content-Type", "application/json"), _NEVER_STORED, *headers), body)


_DONE = Answer(200, (("Content-Type", "text/plain"), _NEVER_STORED), b"")
_REFUSED = _refusal(400, "invalid_request", "The logout token is refused")
_FAILED = _refusal(400, "temporarily_unavailable", "The logout failed")
_NOT_POSTED = _refusal(405, "invalid_request", "A logout token is posted", ("Allow", "POST"))


class Revoking(Protocol):
    """A verifier whose tokens can be revoked."""

    @property
    def names(self) -> Iterable[str]:
        """The names of the configured issuers."""

    @property
    def trust(self) -> Issuers:
        """The issuers that it trusts."""

    @property
    def revocation(self) -> RevocationCopy | None:
        """Its copy of the revocations, if there are any."""


class LogoutEndpoint:
    """Takes logout tokens at *path*, once each, and revokes the tokens of the session or the user for *ttl* seconds."""

    def __init__(
        self, path: str, tokens: LogoutTokenVerifier, store: Revocations, *, ttl: float, listed: Iterable[str]
    ) -> None:
        self.path, self._listed = path, frozenset(listed)
        self._tokens, self._store, self._ttl = tokens, store, ttl
        self._calls = BoundedCalls()

    @classmethod
    def of(cls, shared: Mapping[str, Any], label: str, verifier: Revoking | None) -> LogoutEndpoint | None:
        """Return the endpoint that the settings *shared* ask for, if any; raise ``ConfigurationError``."""
        given = [name for name in ("LOGOUT_PATH", "LOGOUT_CLIENT", "LOGOUT_TTL") if name in shared]
        if not given:
            return None
        for name, meaning in _NEEDED.items():
            if name not in shared:
                raise ConfigurationError(f"{label.format(name)} is missing beside {given[0]}: {meaning}")
        if verifier is None or verifier.revocation is None:
            raise ConfigurationError(
                f"{label.format('LOGOUT_PATH')}: found no store that logouts could reach every worker by; set "
                f"{label.format('REVOCATION')}, or revocation= where a TokenVerifier is made"
            )
        tokens = LogoutTokenVerifier(verifier.trust, shared["LOGOUT_CLIENT"])
        store = verifier.revocation.store
        ttl = shared.get("LOGOUT_TTL", _TTL)
        return cls(shared["LOGOUT_PATH"], tokens, store, ttl=ttl, listed=verifier.names)

    def answer(self, method: str, content_type: str | None, body: RawToken) -> Answer:
        """Return the finished answer to a request."""
        if method != "POST":
            return _NOT_POSTED
        try:
            logout = self._tokens.verify(_sent(content_type, body))
            return self._revoked(logout)
        except Refused as error:
            return _refused(error)

    async def aanswer(self, method: str, content_type: str | None, body: RawToken) -> Answer:
        """Do as :meth:`answer`, on an event loop."""
        import asyncio  # which only async services load

        if method != "POST":
            return _NOT_POSTED
        try:
            logout = await self._tokens.averify(_sent(content_type, body))
            return await asyncio.to_thread(self._revoked, logout)
        except Refused as error:
            return _refused(error)

    def _revoked(self, logout: Logout) -> Answer:
        listed = (
            logout.issuer if logout.issuer in self._listed else None
        )  # no tenant's: tokens made those known
        try:
            is_new = self._calls.result(partial(_revoke, self._store, logout, self._ttl), _STORE_WAIT)
        except Exception as error:  # noqa: BLE001 - a store may raise anything
            kind = type(error).__name__
            log.error(
                "logout failed: the store raised %s",
                kind,
                extra=fields("logout_failed", issuer=listed, kind=kind),
            )
            return _FAILED
        if not is_new:
            raise InvalidTokenError("replayed", "The logout token was used before")
        log.info(
            "logout: tokens of %s are revoked", shown(logout.issuer), extra=fields("logout", issuer=listed)
        )
        return _DONE


_NEEDED = {
    "LOGOUT_PATH": "the path at which the provider posts logout tokens, as in /oidc/logout",
    "LOGOUT_CLIENT": "the client id that the path is registered for, which is the aud of logout tokens",
}


def _revoke(store: Revocations, logout: Logout, ttl: float) -> bool:
    """Revoke what *logout* ends, unless its token was used before; return whether it was new."""
    name = sha256(f"{len(logout.issuer)} {logout.issuer} {logout.jti}".encode(errors="surrogatepass"))
    # A token is fresh for a while before and after it was issued, by as much as clocks may differ.
    if not store.once(name.hexdigest(), 2 * FRESH + 3600):
        return False
    before = None if logout.sub is None else logout.issued_at
    store.revoke(logout.issuer, sid=logout.sid, sub=logout.sub, before=before, ttl=ttl)
    return True


def _sent(content_type: str | None, body: RawToken) -> RawToken:
    """Return the logout token of a form; raise ``InvalidRequestError`` unless there is exactly one."""
    if (content_type or "").partition(";")[0].strip().lower() != _FORM:
        raise InvalidRequestError
    return RawToken(body.read(_token_in))


def _token_in(body: Any) -> str:
    if len(body) > LONGEST_LOGOUT:
        raise InvalidRequestError
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise InvalidRequestError from None
    found: list[str] = [value for name, value in pairs if name == "logout_token"]
    if len(found) != 1:
        raise InvalidRequestError("multiple_credentials" if found else "invalid_request")
    return found[0]


def _refused(error: Refused) -> Answer:
    log.warning("logout refused: %s", error.code, extra=fields(error.code, kind=getattr(error, "kind", None)))
    return _FAILED if error.status == 503 else _REFUSED
