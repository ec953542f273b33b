"""A stand-in for a bearer in tests: claims without a token, with scopes and policies still checked."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi.security import SecurityScopes
from starlette.requests import HTTPConnection

from jwks_auth import AuthError, VerifiedToken
from jwks_auth.adapters import Authenticator, Memo
from jwks_auth_fastapi.request_auth import watch
from jwks_auth_fastapi.scheme import JWTScheme

__all__ = ["FakeBearer", "fake_token"]


class FakeBearer:
    """The result of :meth:`JWTBearer.fake`, for ``app.dependency_overrides``."""

    def __init__(self, auth: JWTScheme, token: VerifiedToken[Any]) -> None:
        self.token = token
        self._auth = auth

    async def __call__(self, conn: HTTPConnection, security_scopes: SecurityScopes) -> VerifiedToken[Any]:
        """Return the fake token if it has the scopes, whatever token the request has."""
        watch(conn)
        Memo.on(conn.scope, self._auth.authenticator).token = self.token
        try:
            self._auth.request_auth.judge(
                self.token, self._auth.requirement(security_scopes.scopes), conn.scope
            )
        except AuthError as error:
            raise self._auth.request_auth.rejected(error, conn.scope) from error
        return self.token


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
