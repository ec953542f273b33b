"""OpenAPI: an apispec plugin that documents the scopes of each operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apispec import APISpec, BasePlugin
from flask import Flask

from jwks_auth_flask.documents import openapi_path, schemes_of, security
from jwks_auth_flask.routes import protections

__all__ = ["BearerSecurity"]


class BearerSecurity(BasePlugin):
    """Documents an app's guards as a security scheme and each operation's scopes.

    flask-smorest: ``Api(app, spec_kwargs={"extra_plugins": [BearerSecurity(app)]})``. APIFlask:
    ``app.spec_plugins.append(BearerSecurity(app))``. Make the app's ``JWKSAuth`` before: each
    of its ``TOKEN_SOURCES`` is a scheme, unless *scheme* is the OpenAPI security scheme object. OpenAPI 3.0 can name
    scopes only for ``oauth2`` and ``openIdConnect``, 3.1 for any scheme.
    """

    def __init__(self, app: Flask, *, name: str = "bearer", scheme: Mapping[str, Any] | None = None) -> None:
        self.app = app
        self.name = name
        self.scheme = scheme
        self.schemes: dict[str, Any] = {}

    def init_spec(self, spec: APISpec) -> None:
        """Add the security scheme to the document."""
        self.version = str(spec.openapi_version)
        self.schemes = (
            schemes_of(self.app, self.name) if self.scheme is None else {self.name: dict(self.scheme)}
        )
        for name, scheme in self.schemes.items():
            spec.components.security_scheme(name, scheme)

    def operation_helper(
        self, path: str | None = None, operations: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        """Add ``security`` to the operations of *path*, unless one is written by hand."""
        for protection in protections(self.app):
            operation = (operations or {}).get(protection.method.lower())
            if (
                operation is not None
                and protection.requirements
                and openapi_path(protection.rule.rule) == path
            ):
                asked = security(self.schemes, protection.requirements, version=self.version)
                operation.setdefault("security", asked)
