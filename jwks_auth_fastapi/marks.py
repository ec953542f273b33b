"""Marks of ``require_jwt`` and ``public``, by which the audit and ``protect`` recognise guards and open routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from jwks_auth.adapters import Requirement

__all__ = [
    "backend_of",
    "is_bare_in",
    "is_guard",
    "is_public",
    "mark_public",
    "note_guard",
    "requirement_of",
    "requirements_on",
    "wrapped_by",
]

REQUIREMENT = "__jwks_auth__"
BACKEND = "__jwks_auth_backend__"

# Identity, not an attribute, which functools.wraps copies to other decorators' functions.
_guards: WeakSet[Any] = WeakSet()
_wrapped: WeakSet[Any] = WeakSet()
_public: WeakSet[Any] = WeakSet()


def note_guard(
    guard: Callable[..., Any], endpoint: Any, requirement: Requirement, backend: Any = None
) -> None:
    """Remember that *guard* lets requests through to *endpoint* that meet *requirement*, by its *backend*."""
    setattr(guard, REQUIREMENT, requirement)
    setattr(guard, BACKEND, backend)
    _guards.add(guard)
    for each in (endpoint, *wrapped_by(endpoint)):
        with suppress(TypeError):  # a callable object that can't be hashed or weakly referred to
            _wrapped.add(each)


def requirement_of(endpoint: Any) -> Requirement | None:
    """Return the requirement of ``require_jwt`` on *endpoint*, or below another decorator on it."""
    found: Requirement | None = getattr(endpoint, REQUIREMENT, None)
    return found


def backend_of(endpoint: Any) -> Any:
    """Return the backend that ``require_jwt`` on *endpoint* names; ``None`` if it names none."""
    return getattr(endpoint, BACKEND, None)


def requirements_on(endpoint: Any) -> Iterator[Requirement]:
    """Yield the requirements of ``require_jwt`` on *endpoint*, from the outermost."""
    for each in (endpoint, *wrapped_by(endpoint)):
        if is_guard(each) and (found := requirement_of(each)) is not None:
            yield found


def is_guard(endpoint: Any) -> bool:
    """Return whether *endpoint* was returned by ``require_jwt``, so that no request gets past its guard."""
    with suppress(TypeError):
        return endpoint in _guards
    return False


def mark_public(endpoint: Any) -> None:
    """Remember that *endpoint* is open on purpose. Raises ``TypeError`` for one that can't be hashed."""
    _public.add(endpoint)


def is_public(endpoint: Any) -> bool:
    """Return whether *endpoint*, or what a decorator on it wraps, is open on purpose; a subclass is not."""
    with suppress(TypeError):
        return any(each in _public for each in (endpoint, *wrapped_by(endpoint)))
    return False


def is_bare_in(endpoint: Any, covered: set[int]) -> bool:
    """Return whether ``require_jwt`` wrapped *endpoint*, and no guard around it is among *covered*, which are ids."""
    with suppress(TypeError):
        return endpoint in _wrapped and endpoint not in _guards and id(endpoint) not in covered
    return False


def wrapped_by(endpoint: Any) -> Iterator[Any]:
    """Yield the function below each decorator on *endpoint*, from the outermost."""
    while (endpoint := getattr(endpoint, "__wrapped__", None)) is not None:
        yield endpoint
