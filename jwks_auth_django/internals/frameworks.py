"""Django REST framework 3.18.3, whose operators for permissions are in ``composition``, and Ninja 1.7.1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = [
    "answers_of",
    "extend_operations",
    "extend_sessions",
    "ignores_models",
    "is_csrf_exempt",
    "operands",
    "replace_method",
]


def operands(permission: Any) -> list[Any]:
    """Return the permissions in a composition: ``op1`` and ``op2`` of ``AND``, ``OR`` and ``NOT``."""
    return [getattr(permission, name) for name in ("op1", "op2") if hasattr(permission, name)]


def ignores_models(view: Any) -> bool:
    """Return whether ``DjangoModelPermissions`` ignores *view*, as it does the root of a router."""
    return bool(getattr(view, "_ignore_model_permissions", False))


def replace_method(view: Any, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Replace a method of this view, which lives as long as its request; return the original method.

    Permissions and authentication never see the answer: the view makes it, with these methods.
    """
    found: Callable[..., Any] = getattr(view, name)
    setattr(view, name, method)
    return found


def extend_sessions(extend: Callable[[Any, tuple[Any, Any]], tuple[Any, Any]]) -> None:
    """Have *extend* complete what DRF's ``SessionAuthentication`` finds.

    It takes the user of Django's request, whoever put it there, and never says by which token.
    """
    from rest_framework.authentication import SessionAuthentication

    sessions: Any = SessionAuthentication
    authenticate = sessions.authenticate

    def authenticated(self: Any, request: Any) -> tuple[Any, Any] | None:
        found = authenticate(self, request)
        return None if found is None else extend(request, found)

    sessions.authenticate = authenticated


def answers_of(operation: Any) -> Iterator[tuple[Any, str]]:
    """The methods, as owner and name, that make an operation's answer: of a result, a stream, or an error.

    They run after the authentication, from the operation and its API; not all versions have those for streams.
    """
    yield operation.api, "on_exception"
    for name in ("_result_to_response", "_stream_response", "_async_stream_response"):
        if hasattr(operation, name):
            yield operation, name


def extend_operations(extend: Callable[[Any, dict[str, Any], dict[str, Any]], dict[str, Any]]) -> None:
    """Have *extend* complete the description of each operation, and the schemes, in the documents that Ninja makes.

    Ninja asks an authentication for its scheme alone: never for scopes (``# TODO: scopes``), never for responses.
    """
    from ninja.openapi.schema import OpenAPISchema

    document: Any = OpenAPISchema
    describe = document.operation_details

    def described(schema: Any, operation: Any) -> dict[str, Any]:
        return extend(operation, describe(schema, operation), schema.securitySchemes)

    document.operation_details = described


def is_csrf_exempt(request: Any) -> bool:
    """Return whether the operation is marked with ``csrf_exempt``, which Ninja notes on the request."""
    return bool(getattr(request, "_ninja_csrf_exempt", False))
