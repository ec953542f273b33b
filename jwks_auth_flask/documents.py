"""OpenAPI documents as dicts: ``secured`` adds an app's guards, for frameworks that take no apispec plugin."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask

from jwks_auth.adapters import Requirement, security_of
from jwks_auth_flask.routes import protections

__all__ = ["BEARER", "openapi_path", "secured", "security"]

BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
SWAGGER = {"type": "apiKey", "in": "header", "name": "Authorization"}
"""The same in Swagger 2, which has no bearer tokens and no scopes of them."""


def secured(document: Mapping[str, Any], app: Flask, *, name: str = "bearer") -> dict[str, Any]:
    """Return an OpenAPI or Swagger *document* of *app* with the security scheme and each operation's scopes.

    An operation that has ``security`` already keeps it.
    """
    swagger = "swagger" in document
    scheme, version = (SWAGGER, "2.0") if swagger else (BEARER, str(document.get("openapi", "3.1.0")))
    base = str(document.get("basePath", "")).rstrip("/") if swagger else ""
    paths = {path: dict(item) for path, item in document.get("paths", {}).items()}
    for protection in protections(app):
        item = paths.get(openapi_path(protection.rule.rule).removeprefix(base), {})
        operation = item.get(protection.method.lower())
        if operation is not None and protection.requirements:
            asked = security(name, protection.requirements, scheme=scheme, version=version)
            item[protection.method.lower()] = {"security": asked, **operation}
    return {**document, "paths": paths, **_schemes(document, name, swagger)}


def security(
    name: str, requirements: Sequence[Requirement], *, scheme: Mapping[str, Any], version: str
) -> list[dict[str, list[str]]]:
    """Return an operation's ``security``: the scheme *name* with the scopes of all *requirements*.

    OpenAPI 3.0 can name scopes only for ``oauth2`` and ``openIdConnect``, 3.1 for any *scheme*.
    """
    policies = [each.policy for each in requirements if each.policy is not None]
    asked = security_of(name, policies, scheme=scheme, version=version)
    return asked + ([{}] if all(each.optional for each in requirements) else [])


def openapi_path(rule: str) -> str:
    """``/orders/<int:number>`` -> ``/orders/{number}``."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


def _schemes(document: Mapping[str, Any], name: str, swagger: bool) -> dict[str, Any]:
    if swagger:
        return {"securityDefinitions": {**document.get("securityDefinitions", {}), name: SWAGGER}}
    components = document.get("components", {})
    schemes = {**components.get("securitySchemes", {}), name: BEARER}
    return {"components": {**components, "securitySchemes": schemes}}
