"""Options for tokens: what they must be and how they are read, for all issuers or for one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

__all__ = ["TOKEN_DEFAULTS", "TokenOptions", "token_options"]

Places = str | Iterable[str | Sequence[str]]
"""A place in the claims, or several, of which each may be its steps."""


class TokenOptions(TypedDict, total=False):
    """Options that ``TokenVerifier`` takes for all its issuers, and ``Issuer`` for itself; ``None`` is not given."""

    algorithms: Iterable[str] | None
    profile: str | None
    required_claims: Iterable[str] | Mapping[str, Any] | None
    allowed_clients: Iterable[str] | None
    max_age: float | None
    scope_claims: Places | None
    roles_claim: Places | None
    permissions_claim: Places | None


TOKEN_DEFAULTS: TokenOptions = {
    "profile": "default",
    "required_claims": (),
    "scope_claims": ("scope", "scp"),
    "roles_claim": "roles",
    "permissions_claim": "permissions",
}
"""Where neither the verifier nor the issuer says anything."""


def token_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of *options* that are for tokens and are given."""
    names = TokenOptions.__annotations__
    return {name: value for name, value in options.items() if name in names and value is not None}
