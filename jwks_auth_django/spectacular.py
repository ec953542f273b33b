"""drf-spectacular: the bearer scheme, and the scopes of each operation.

Loaded by itself where ``drf_spectacular`` is installed as an app.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.settings import spectacular_settings
from rest_framework.permissions import AND, OR

from jwks_auth.adapters import may_name_scopes
from jwks_auth_django.composition import TokenPermission
from jwks_auth_django.conf import project

__all__ = ["JWTScheme"]


class JWTScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its __init_subclass__
    """``JWTAuthentication`` and its subclasses: an HTTP bearer scheme, or one for each of ``TOKEN_SOURCES``."""

    target_class = "jwks_auth_django.rest_framework.JWTAuthentication"
    name: Any = "jwtAuth"
    match_subclasses = True

    def __init__(self, target: Any) -> None:
        super().__init__(target)  # type: ignore[no-untyped-call]
        if type(self).get_security_definition is JWTScheme.get_security_definition:
            authenticator = project().named(target.requirement.api).authenticator
            self.schemes = authenticator.security_schemes(self.name)
            self.name = list(self.schemes)

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        """A scheme of ``http`` and ``bearer``; in a list, one for each of ``TOKEN_SOURCES``."""
        return list(self.schemes.values())

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[str]]]:
        """One entry for each set of scopes that is enough.

        In OpenAPI 3.0, drf-spectacular's default, one without scopes: there only ``openIdConnect`` and ``oauth2`` have
        them. Set ``OAS_VERSION`` to 3.1, or return such a scheme from a subclass's :meth:`get_security_definition`.
        """
        version, defined = str(spectacular_settings.OAS_VERSION), self.get_security_definition(auto_schema)
        schemes = (
            {self.name: defined} if isinstance(self.name, str) else dict(zip(self.name, defined, strict=True))
        )
        alternatives: list[tuple[str, ...]] = [()]
        for permission in auto_schema.view.get_permissions():
            alternatives = _both(alternatives, _alternatives(permission, auto_schema))
        return [
            {name: list(scopes)}
            for name, scheme in schemes.items()
            for scopes in (alternatives if may_name_scopes(scheme, version) else [()])
        ]


def _alternatives(permission: Any, schema: Any) -> list[tuple[str, ...]]:
    """Return the sets of scopes that each satisfy *permission*; an empty one for a foreign permission or ``~``."""
    permission = (
        permission() if isinstance(permission, type) else permission
    )  # HasScopes("a") from get_permissions()
    kind = type(permission)
    if kind in (AND, OR):
        first, second = _alternatives(permission.op1, schema), _alternatives(permission.op2, schema)
        return _both(first, second) if kind is AND else first + second
    if issubclass(kind, TokenPermission):
        return list(permission.policy_for(schema.view, schema.method).scope_alternatives())
    return [()]


def _both(first: list[tuple[str, ...]], second: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [tuple(dict.fromkeys(a + b)) for a in first for b in second]
