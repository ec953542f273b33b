"""A stand-in for a bearer in tests: claims without a token, with scopes and policies still checked."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi.security import SecurityScopes
from starlette.requests import HTTPConnection

from jwks_auth import AuthError, VerifiedToken
from jwks_auth.adapters import Admission, Authenticator, Memo, Requirement
from jwks_auth_fastapi.request_auth import watch
from jwks_auth_fastapi.scheme import JWTScheme

__all__ = ["FakeBearer", "fake_token"]


class FakeBearer:
    """The result of :meth:`JWTBearer.fake`, for ``app.dependency_overrides``.

    It stands in for the bearer's variants too, each with a token for its own issuer and audience, and in its model.
    """

    def __init__(
        self,
        auth: JWTScheme,
        token: VerifiedToken[Any],
        scopes: str | Iterable[str],
        claims: Mapping[str, Any],
    ) -> None:
        self.token = token
        self._auth = auth
        self._scopes = scopes if isinstance(scopes, str) else list(scopes)
        self._claims = claims

    async def __call__(self, conn: HTTPConnection, security_scopes: SecurityScopes) -> VerifiedToken[Any]:
        """Return the fake token if it has the scopes, whatever token the request has."""
        token: VerifiedToken[Any] = self.stand_in(self._auth, conn, security_scopes)
        return token

    def stand_in(self, auth: JWTScheme, conn: HTTPConnection, security_scopes: SecurityScopes) -> Any:
        """Do as :meth:`__call__` in place of *auth*, which is the bearer or one of its variants."""
        watch(conn)
        request_auth, requirement = auth.request_auth(conn.scope), auth.requirement(security_scopes.scopes)
        try:
            token = self._token_for(auth, request_auth.authenticator, requirement)
            memo = Memo.on(conn.scope, request_auth.authenticator)
            memo.token, memo.admission = token, Admission(token)
            request_auth.judge(token, requirement, conn.scope)
        except AuthError as error:
            raise request_auth.rejected(error, conn.scope) from error
        return token

    def _token_for(
        self, auth: JWTScheme, authenticator: Authenticator, requirement: Requirement
    ) -> VerifiedToken[Any]:
        if auth is self._auth:
            return self.token
        claims: dict[str, Any] = dict(self._claims)
        if requirement.issuers:
            claims.setdefault("iss", requirement.issuers[0])
        if isinstance(requirement.audience, tuple):
            claims.setdefault("aud", list(requirement.audience))
        token: VerifiedToken[Any] = auth.typed(fake_token(authenticator, self._scopes, claims))
        return token


def fake_token(
    authenticator: Authenticator, scopes: str | Iterable[str], claims: Mapping[str, Any]
) -> VerifiedToken:
    """Return a token as its verifier would; by default of the first issuer and valid for an hour."""
    listed = [issuer.issuer for issuer in authenticator.issuers] or ["https://issuer.example/"]
    issuer = claims.get("iss", listed[0])
    mapping = authenticator.mapping_of(issuer)
    now = int(time.time())
    payload: dict[str, Any] = {"iss": issuer, "sub": "user", "iat": now, "exp": now + 3600}
    if isinstance(mapping.audience, frozenset):
        payload["aud"] = sorted(mapping.audience)
    if scopes:
        mapping.scopes[0].put(payload, scopes if isinstance(scopes, str) else list(scopes))
    payload |= claims
    return VerifiedToken(payload, {}, payload, mapping)
