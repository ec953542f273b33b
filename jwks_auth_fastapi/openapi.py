"""OpenAPI's description of authentication: the security scheme, Swagger's Authorize button, the refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Literal

from fastapi.openapi import models
from pydantic import BeforeValidator, ConfigDict

from jwks_auth import ConfigurationError, Issuer
from jwks_auth.adapters import Authenticator, refusal_responses

__all__ = ["Kind", "OpenAPISettings", "error_responses"]

Kind = Literal["bearer", "openIdConnect", "oauth2"]


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAPISettings:
    """OpenAPI's settings of the scheme. They cause no fetch, and do not change which tokens are accepted.

    *kind* ``bearer``: paste a token. ``openIdConnect``: points to the discovery document, the issuer's own
    unless *openid_connect_url* is given. ``oauth2``: Swagger's Authorize button signs in with the
    authorization code flow and PKCE; needs *authorization_url* and *token_url*, and for the button the
    *client_id* of a public client that may redirect to ``/docs/oauth2-redirect``. *scopes*, offered there,
    maps names to descriptions. *authorize_params* are sent to *authorization_url* too, for providers that
    give no token for an API without them: ``{"audience": ...}`` or ``{"resource": ...}``.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Kind = "bearer"
    scheme_name: str = "JWTBearer"
    description: str | None = None
    authorization_url: str | None = None
    token_url: str | None = None
    refresh_url: str | None = None
    openid_connect_url: str | None = None
    client_id: str | None = None
    scopes: Annotated[Mapping[str, str], BeforeValidator(_decoded)] = field(default_factory=dict)
    authorize_params: Annotated[Mapping[str, str], BeforeValidator(_decoded)] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in ("bearer", "openIdConnect", "oauth2"):
            raise ConfigurationError(f"openapi kind {self.kind!r}: expected bearer, openIdConnect or oauth2")
        if self.kind == "oauth2" and not (self.authorization_url and self.token_url):
            raise ConfigurationError("openapi kind 'oauth2' needs authorization_url and token_url")

    def of_kind(self, kind: Kind) -> OpenAPISettings:
        """Return the same settings, for another kind of scheme."""
        return replace(self, kind=kind)

    def model(self, authenticator: Authenticator) -> models.SecurityBase:
        """OpenAPI's security scheme object: for ``bearer`` that of the first source of tokens."""
        if self.kind == "oauth2":
            flow = models.OAuthFlowAuthorizationCode(
                authorizationUrl=self.authorization_url or "",
                tokenUrl=self.token_url or "",
                refreshUrl=self.refresh_url,
                scopes=dict(self.scopes),
            )
            return models.OAuth2(
                flows=models.OAuthFlows(authorizationCode=flow), description=self.description
            )
        if self.kind == "openIdConnect":
            return models.OpenIdConnect(
                openIdConnectUrl=self.openid_connect_url or _discovery_url(authenticator.issuers),
                description=self.description,
            )
        first, *_ = authenticator.security_schemes("").values()
        described = {**first, "description": self.description or first.get("description")}
        if first["type"] != "http":
            return models.APIKey.model_validate(described)
        bearer = first["scheme"] == "bearer"  # the other one is DPoP
        return (models.HTTPBearer if bearer else models.HTTPBase).model_validate(described)

    @property
    def swagger_ui_init_oauth(self) -> dict[str, Any]:
        """``FastAPI(swagger_ui_init_oauth=...)``: a public client with PKCE, all scopes preselected."""
        return {
            "clientId": self.client_id or "",
            "usePkceWithAuthorizationCodeGrant": True,
            "scopes": " ".join(self.scopes),
            **({"additionalQueryStringParams": dict(self.authorize_params)} if self.authorize_params else {}),
        }


def _discovery_url(issuers: Sequence[Issuer]) -> str:
    if len(issuers) != 1:
        raise ConfigurationError("openapi kind 'openIdConnect' without one issuer needs openid_connect_url")
    issuer = issuers[0]
    if issuer.discovery_url is None and not issuer.issuer.startswith(("https://", "http://")):
        raise ConfigurationError(
            f"openapi kind 'openIdConnect': {issuer.issuer!r} is no URL; set openid_connect_url"
        )
    return issuer.discovery_url or issuer.issuer.rstrip("/") + "/.well-known/openid-configuration"


_MEMBERS = {
    "detail": ("application/json", {"detail": "string"}),
    "rfc6750": ("application/json", {"error": "string", "error_description": "string"}),
    "problem+json": (
        "application/problem+json",
        {"type": "string", "title": "string", "status": "integer", "detail": "string", "error": "string"},
    ),
}


def error_responses(
    body: Literal["detail", "rfc6750", "problem+json"] = "detail",
) -> dict[int | str, dict[str, Any]]:
    """Return ``responses=`` for a route, a router or the app: the refusals by status.

    *body* is ``detail`` for FastAPI's own handler, otherwise the one given to ``install_error_handlers``.
    """
    media_type, members = _MEMBERS[body]
    return refusal_responses(members, media_type)
