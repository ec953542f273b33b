"""``JWTScheme``: the part of ``JWTBearer`` that its dependencies, its fakes and the audit need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from fastapi.openapi import models
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection
from starlette.types import Scope

from jwks_auth import Policy, VerifiedToken
from jwks_auth.adapters import Authenticator, Requirement
from jwks_auth_fastapi.openapi import OpenAPISettings
from jwks_auth_fastapi.request_auth import RequestAuth
from jwks_auth_fastapi.service import Service

__all__ = ["JWTScheme"]


class JWTScheme(SecurityBase, ABC):
    """A security scheme that is itself the dependency: FastAPI documents it, and routes depend on it.

    A *root* and its variants share a service: settings, keys, and the name in OpenAPI.
    """

    is_optional: bool
    root: JWTScheme

    def __init__(self, service: Service, *, subprotocol: bool) -> None:
        self.service = service
        self._subprotocol = subprotocol

    @abstractmethod
    async def __call__(self, conn: HTTPConnection, security_scopes: SecurityScopes) -> Any:
        """Return the connection's token; raise the refusal."""

    @property
    def authenticator(self) -> Authenticator:
        """The authenticator that the settings describe; reads them if nobody has."""
        return self.service.current.authenticator

    @property
    def openapi(self) -> OpenAPISettings:
        """How OpenAPI describes the scheme."""
        return self.service.current.openapi

    @property
    def model(self) -> models.SecurityBase:  # type: ignore[override]
        """OpenAPI's security scheme object, which FastAPI reads."""
        return self.service.current.model

    @property
    def scheme_name(self) -> str:  # type: ignore[override]
        """The name of the scheme in OpenAPI, which FastAPI reads."""
        return self.openapi.scheme_name

    def request_auth(self, scope: Scope) -> RequestAuth:
        """Return the authenticator of the application that serves the connection of *scope*."""
        return self.service.of(scope).request_auth[self._subprotocol]

    def jwks_auth_asks(self, authenticator: Authenticator, scopes: Iterable[str]) -> Policy | None:
        """Return what this scheme asks where FastAPI names *scopes*, if it asks *authenticator*."""
        return self.requirement(scopes).policy if self.service.knows(authenticator) else None

    @abstractmethod
    def requirement(self, scopes: Iterable[str]) -> Requirement:
        """Return the requirement for the *scopes* that FastAPI names; raise ``ConfigurationError``."""

    @abstractmethod
    def typed(self, token: VerifiedToken[Any] | None) -> Any:
        """Return *token* with its claims as this scheme's model; raise ``InvalidTokenError``."""
