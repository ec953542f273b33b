"""The issuer's metadata, as far as it does not depend on its address (RFC 8414, OpenID Connect Discovery 1.0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ALGORITHMS", "ENDPOINTS", "METADATA"]

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""The algorithms whose keys the control page makes."""

ENDPOINTS = {
    "authorization": "authorize",
    "token": "token",
    "userinfo": "userinfo",
    "introspection": "introspect",
    "revocation": "revoke",
    "end_session": "logout",
}
"""The endpoints by their names in metadata."""

_METHODS = ["none", "client_secret_basic", "client_secret_post"]
METADATA: Mapping[str, Any] = {
    "response_types_supported": ["code"],
    "response_modes_supported": ["query"],
    "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
    "code_challenge_methods_supported": ["S256"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": list(ALGORITHMS),
    "token_endpoint_auth_methods_supported": _METHODS,
    "revocation_endpoint_auth_methods_supported": _METHODS,
    "introspection_endpoint_auth_methods_supported": _METHODS[1:],
    "dpop_signing_alg_values_supported": ["ES256", "RS256", "PS256", "EdDSA"],
    "scopes_supported": ["openid", "profile", "email", "offline_access"],
    "prompt_values_supported": ["none", "login", "consent", "select_account"],
    "authorization_response_iss_parameter_supported": True,
}
