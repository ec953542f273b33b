"""OpenAPI documents as dicts: ``secured`` adds an app's guards, for frameworks that take no apispec plugin."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask

from jwks_auth.adapters import Requirement, security_of
from jwks_auth_flask.request_auth import EXTENSION, RequestAuth
from jwks_auth_flask.routes import protections

__all__ = ["openapi_path", "schemes_of", "secured", "security"]

_BEARER = {"type": "http", "scheme": "bearer"}
_SWAGGER = {"type": "apiKey", "in": "header", "name": "Authorization"}
"""The same in Swagger 2, which has no bearer tokens and no scopes of them."""


def secured(document: Mapping[str, Any], app: Flask, *, name: str = "bearer") -> dict[str, Any]:
    """Return an OpenAPI or Swagger *document* of *app* with the security scheme and each operation's scopes.

    An operation that has ``security`` already keeps it.
    """
    swagger = "swagger" in document
    version = "2.0" if swagger else str(document.get("openapi", "3.1.0"))
    found = schemes_of(app, name)
    schemes = _in_swagger(found) if swagger else found
    base = str(document.get("basePath", "")).rstrip("/") if swagger else ""
    paths = {path: dict(item) for path, item in document.get("paths", {}).items()}
    for protection in protections(app):
        item = paths.get(openapi_path(protection.rule.rule).removeprefix(base), {})
        operation = item.get(protection.method.lower())
        if operation is not None and protection.requirements:
            asked = security(schemes, protection.requirements, version=version)
            item[protection.method.lower()] = {"security": asked, **operation}
    return {**document, "paths": paths, **_components(document, schemes, swagger)}


def schemes_of(app: Flask, name: str) -> dict[str, dict[str, str]]:
    """Return the security schemes of *app*, one for each source of tokens; before its ``JWKSAuth``, ``Bearer``."""
    instances: dict[str, RequestAuth] = app.extensions.get(EXTENSION, {})
    found = next(iter(instances.values()), None)
    return {name: _BEARER} if found is None else found.authenticator.security_schemes(name)


def _in_swagger(schemes: Mapping[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Return those of the *schemes* that Swagger 2 knows: it has no keys in cookies."""
    known = {name: scheme for name, scheme in schemes.items() if scheme.get("in") != "cookie"}
    return {name: _SWAGGER if scheme["type"] == "http" else scheme for name, scheme in known.items()}


def security(
    schemes: Mapping[str, Mapping[str, Any]], requirements: Sequence[Requirement], *, version: str
) -> list[dict[str, list[str]]]:
    """Return an operation's ``security``: one of the *schemes* with the scopes of all *requirements*.

    OpenAPI 3.0 can name scopes only for ``oauth2`` and ``openIdConnect``, 3.1 for any scheme.
    """
    policies = [each.policy for each in requirements if each.policy is not None]
    asked = [
        entry
        for name, scheme in schemes.items()
        for entry in security_of(name, policies, scheme=scheme, version=version)
    ]
    return asked + ([{}] if all(each.optional for each in requirements) else [])


def openapi_path(rule: str) -> str:
    """``/orders/<int:number>`` -> ``/orders/{number}``."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


def _components(document: Mapping[str, Any], schemes: Mapping[str, Any], swagger: bool) -> dict[str, Any]:
    if swagger:
        return {"securityDefinitions": {**document.get("securityDefinitions", {}), **schemes}}
    components = document.get("components", {})
    return {
        "components": {**components, "securitySchemes": {**components.get("securitySchemes", {}), **schemes}}
    }
