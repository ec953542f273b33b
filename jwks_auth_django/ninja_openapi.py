"""Ninja's OpenAPI document: the scopes of each operation with a ``JWTBearer``, and its refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jwks_auth.adapters import Requirement, refusal_responses, security_of

__all__ = ["documented"]

_VERSION = "3.1.0"
"""The version that Ninja's documents claim."""


def documented(operation: Any, details: dict[str, Any]) -> dict[str, Any]:
    """Return Ninja's *details* of *operation*, with scopes and refusals if one of ours guards it.

    What the project has written itself, as ``openapi_extra`` or ``response``, stays.
    """
    if not any(map(_requirement_of, operation.auth_callbacks)):
        return details
    listed = [each for each in operation.auth_callbacks if hasattr(each, "openapi_security_schema")]
    own = details["security"][len(listed) :]
    details["security"] = [*(entry for each in listed for entry in _security(each)), *own]
    written = set(map(str, details["responses"]))
    refusals = refusal_responses({"detail": "string"}, operation.api.renderer.media_type)
    details["responses"] |= {
        status: refusal for status, refusal in refusals.items() if str(status) not in written
    }
    return details


def _requirement_of(callback: Any) -> Requirement | None:
    requirement = getattr(callback, "requirement", None)
    return requirement if isinstance(requirement, Requirement) else None


def _security(callback: Any) -> Iterator[dict[str, list[str]]]:
    """Yield the entries for one authentication: Ninja's own where it is none of ours."""
    name, scheme = type(callback).__name__, callback.openapi_security_schema
    requirement = _requirement_of(callback)
    policies = [requirement.policy] if requirement is not None and requirement.policy is not None else []
    yield from security_of(name, policies, scheme=scheme, version=_VERSION)
