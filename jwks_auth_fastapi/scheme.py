"""``JWTScheme``: the part of ``JWTBearer`` that its dependencies, its fakes and the audit need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from jwks_auth import Policy
from jwks_auth.adapters import Authenticator, Requirement
from jwks_auth_fastapi.openapi import OpenAPISettings
from jwks_auth_fastapi.request_auth import RequestAuth

__all__ = ["JWTScheme"]


class JWTScheme(SecurityBase, ABC):
    """A security scheme that is itself the dependency: FastAPI documents it, and routes depend on it."""

    def __init__(self, openapi: OpenAPISettings, request_auth: RequestAuth, *, optional: bool) -> None:
        self.request_auth = request_auth
        self.authenticator = authenticator = request_auth.authenticator
        self.openapi = openapi
        self.model = openapi.model(authenticator.issuers)
        self.scheme_name = openapi.scheme_name
        self.is_optional = optional

    @abstractmethod
    async def __call__(self, conn: HTTPConnection, security_scopes: SecurityScopes) -> Any:
        """Return the connection's token; raise the refusal."""

    def jwks_auth_asks(self, authenticator: Authenticator, scopes: Iterable[str]) -> Policy | None:
        """Return what this scheme asks where FastAPI names *scopes*, if it asks *authenticator*."""
        return self.requirement(scopes).policy if authenticator is self.authenticator else None

    @abstractmethod
    def requirement(self, scopes: Iterable[str]) -> Requirement:
        """Return the requirement for the *scopes* that FastAPI names; raise ``ConfigurationError``."""
