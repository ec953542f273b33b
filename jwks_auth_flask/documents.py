"""OpenAPI documents as dicts: ``secured`` adds an app's guards, for frameworks that take no apispec plugin."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any

from flask import Flask

from jwks_auth import Policy
from jwks_auth.adapters import Requirement
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
    base = str(document.get("basePath", "")).rstrip("/") if swagger else ""
    paths = {path: dict(item) for path, item in document.get("paths", {}).items()}
    for protection in protections(app):
        item = paths.get(openapi_path(protection.rule.rule).removeprefix(base), {})
        operation = item.get(protection.method.lower())
        if operation is not None and protection.requirements:
            asked = [{name: []}] if swagger else security(name, protection.requirements)
            item[protection.method.lower()] = {"security": asked, **operation}
    return {**document, "paths": paths, **_schemes(document, name, swagger)}


def security(name: str, requirements: Sequence[Requirement]) -> list[dict[str, list[str]]]:
    """Return an operation's ``security``: the scheme *name* with the scopes of all *requirements*."""
    policy = reduce(and_, [each.policy for each in requirements if each.policy is not None], Policy())
    anonymous: list[dict[str, list[str]]] = [{}] if all(each.optional for each in requirements) else []
    return [{name: list(scopes)} for scopes in policy.scope_alternatives()] + anonymous


def openapi_path(rule: str) -> str:
    """``/orders/<int:number>`` -> ``/orders/{number}``."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


def _schemes(document: Mapping[str, Any], name: str, swagger: bool) -> dict[str, Any]:
    if swagger:
        return {"securityDefinitions": {**document.get("securityDefinitions", {}), name: SWAGGER}}
    components = document.get("components", {})
    schemes = {**components.get("securitySchemes", {}), name: BEARER}
    return {"components": {**components, "securitySchemes": schemes}}
