"""Settings as keyword arguments: their names in lower case, with types for type checkers and editors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from jwks_auth.claims import AnyAudience, TokenOptions
from jwks_auth.client import KeyOptions
from jwks_auth.proofs import AnyProxy
from jwks_auth.verifier import Issuer, JudgeOptions, PlaceOptions, Verifier

__all__ = ["SettingsOptions"]


class SettingsOptions(PlaceOptions, TokenOptions, KeyOptions, JudgeOptions, total=False):
    """Every setting; ``None`` counts as not given."""

    issuer: str | None
    issuer_aliases: str | Iterable[str] | None
    issuers: Iterable[str | Mapping[str, Any] | Issuer] | None
    verifier: Verifier | str | None
    store_secret: str | bytes | None
    realm: str | None
    error_body: Literal["rfc6750", "problem+json"] | None
    resource_metadata: str | None
    telemetry: Literal["auto", "on", "off"] | None
    telemetry_subject: Literal["off", "hash", "plain"] | None
    resource: str | None
    resource_name: str | None
    resource_documentation: str | None
    resource_scopes: str | Iterable[str] | None
    auth_schemes: str | Iterable[str] | None
    cookie_origins: str | Iterable[str] | None
    client_certificate: str | Mapping[str, str] | Callable[[Any], Any] | None
    trusted_proxies: str | Iterable[str] | AnyProxy | None
    proxy_secret: str | Mapping[str, str] | None
    introspection: str | None
    introspection_url: str | None
    introspection_client: Mapping[str, str] | str | None
    introspection_cache: float | None
    introspection_jwt: bool | None
    introspection_audience: str | Iterable[str] | AnyAudience | None
    token_prefix: str | None
    dpop_max_age: float | None
    dpop_replay: Any
    dpop_replay_fails: str | None
    dpop_nonce: str | None
    dpop_secret: str | bytes | None
    public_url: str | None
    logout_path: str | None
    logout_client: str | Iterable[str] | None
    logout_ttl: float | None
