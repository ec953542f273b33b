"""Ninja's OpenAPI document: the scopes of each operation with a ``JWTBearer``, and its refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jwks_auth.adapters import refusal_responses, security_of
from jwks_auth_django.conf import project
from jwks_auth_django.guards import Guard

__all__ = ["documented"]

_VERSION = "3.1.0"
"""The version that Ninja's documents claim."""


def documented(operation: Any, details: dict[str, Any], schemes: dict[str, Any]) -> dict[str, Any]:
    """Return Ninja's *details* of *operation*, with scopes and refusals if one of ours guards it.

    *schemes* are those of the whole document: there is one for each of ``TOKEN_SOURCES``. What the project has written
    itself, as ``openapi_extra`` or ``response``, stays.
    """
    if not any(map(_requirement_of, operation.auth_callbacks)):
        return details
    listed = [each for each in operation.auth_callbacks if hasattr(each, "openapi_security_schema")]
    own = details["security"][len(listed) :]
    details["security"] = [*(entry for each in listed for entry in _security(each, schemes)), *own]
    written = set(map(str, details["responses"]))
    refusals = refusal_responses({"detail": "string"}, operation.api.renderer.media_type)
    details["responses"] |= {
        status: refusal for status, refusal in refusals.items() if str(status) not in written
    }
    return details


def _requirement_of(callback: Any) -> Guard | None:
    requirement = getattr(callback, "requirement", None)
    return requirement if isinstance(requirement, Guard) else None


def _security(callback: Any, schemes: dict[str, Any]) -> Iterator[dict[str, list[str]]]:
    """Yield the entries for one authentication: Ninja's own where it is none of ours."""
    name, requirement = type(callback).__name__, _requirement_of(callback)
    if requirement is None:
        yield from security_of(name, (), scheme=callback.openapi_security_schema, version=_VERSION)
        return
    found = project().named(requirement.api).authenticator.security_schemes(name)
    schemes |= found
    policies = [] if requirement.policy is None else [requirement.policy]
    for each, scheme in found.items():
        yield from security_of(each, policies, scheme=scheme, version=_VERSION)
