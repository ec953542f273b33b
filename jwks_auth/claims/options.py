"""Options for tokens: the rules they must meet and the way they are read, for all issuers or for one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

__all__ = ["TOKEN_DEFAULTS", "TokenOptions", "token_options"]

Places = str | Iterable[str | Sequence[str]]
"""A place in the claims, or several; each may be a string or a list of its steps."""


class TokenOptions(TypedDict, total=False):
    """Options of ``TokenVerifier``, for all its issuers, and of ``Issuer``, for itself. ``None`` is not given."""

    algorithms: Iterable[str] | None
    profile: str | None
    required_claims: Iterable[str] | Mapping[str, Any] | None
    allowed_clients: Iterable[str] | None
    max_age: float | None
    scope_claims: Places | None
    roles_claim: Places | None
    permissions_claim: Places | None
    acr_claim: str | Sequence[str] | None
    scope_implies: Mapping[str, str | Iterable[str]] | None
    dpop: str | None
    dpop_algorithms: str | Iterable[str] | None
    mtls: str | None


TOKEN_DEFAULTS: TokenOptions = {
    "profile": "default",
    "required_claims": (),
    "scope_claims": ("scope", "scp"),
    "roles_claim": "roles",
    "permissions_claim": "permissions",
    "acr_claim": "acr",
}
"""The values where neither the verifier nor the issuer gives one."""


def token_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the *options* that are for tokens and are not ``None``."""
    names = TokenOptions.__annotations__
    return {name: value for name, value in options.items() if name in names and value is not None}
