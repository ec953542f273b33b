"""Mistakes in routes that the start-up refuses: they look guarded but are open, or no token can meet them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import params

from jwks_auth import ConfigurationError
from jwks_auth.adapters import Authenticator
from jwks_auth_fastapi.annotations import metadata, of_annotations
from jwks_auth_fastapi.dependencies import POLICY, USER
from jwks_auth_fastapi.internals import (
    Dependant,
    Load,
    Reading,
    awaits,
    function_of,
    loads_of,
    nodes_of,
)
from jwks_auth_fastapi.overrides import FakeBearer
from jwks_auth_fastapi.scheme import JWTScheme

__all__ = ["Asked", "Asking", "has_scheme", "problems", "scheme_of"]

Asked = tuple[JWTScheme, tuple[str, ...]]
"""A scheme, and the scopes that are required with it."""


_MADE_BY_SCHEME = ("requires", "user", "fake", "__call__", "health")
"""Methods that make a guard, or are one, only when they are called."""


def scheme_of(call: Any) -> JWTScheme | None:
    """Return the scheme that the dependency *call* is or calls."""
    while isinstance(call, functools.partial) and not call.args and not call.keywords:
        call = call.func
    owner = getattr(call, "__self__", None)
    if isinstance(owner, JWTScheme) and call.__name__ == "__call__":
        return owner
    return call if isinstance(call, JWTScheme) else None


def has_scheme(dependant: Dependant) -> bool:
    """Return whether a scheme, which may be optional, is among the dependencies of a route."""
    return any(scheme_of(node.call) is not None for node in nodes_of(dependant))


@dataclass(frozen=True, slots=True)
class Asking:
    """A route as FastAPI reads it: *dependencies*, those of its router too, and the tree of *nodes*, itself first."""

    reading: Reading
    dependencies: Sequence[Any]
    nodes: Sequence[Dependant]
    schemes: Sequence[Asked]

    def parameters(self) -> Iterator[tuple[Any, ...]]:
        """Yield each parameter's name, default and ``Annotated`` metadata, as FastAPI reads them."""
        for signature in self.signatures():
            for parameter in signature.parameters.values():
                yield parameter.name, parameter.default, *metadata(parameter.annotation)

    def signatures(self) -> Iterator[inspect.Signature]:
        """Yield the signature of each function."""
        yield from (self.reading.signature(node.call) for node in self.nodes)


def problems(asking: Asking) -> Iterator[str]:
    """Yield the faults of a route."""
    for node in asking.nodes[1:]:
        yield from _of_dependency(node.call, asking.reading)
    for name, *said in asking.parameters():
        if not any(isinstance(each, params.Depends) for each in said) and any(map(_is_guard, said)):
            yield f"{name}: the scheme stands there without Depends(...), and nobody asks it"
    for signature in asking.signatures():
        yield from of_annotations(signature)
    yield from _of_scopes(asking)
    for scheme, asked in asking.schemes:
        try:
            scheme.requirement(asked)
        except ConfigurationError as error:
            yield str(error)


def _is_guard(value: Any) -> bool:
    return isinstance(value, JWTScheme | FakeBearer) or hasattr(value, POLICY) or hasattr(value, USER)


def _of_dependency(call: Any, reading: Reading) -> Iterator[str]:
    if scheme_of(call) is not None:
        return
    if isinstance(call, FakeBearer):
        yield "Depends(auth.fake(...)) lets everybody in: it is for dependency_overrides, in tests"
        return
    while isinstance(call, functools.partial):
        call = call.func
    owner, name = getattr(call, "__self__", None), getattr(call, "__name__", "")
    if isinstance(owner, JWTScheme) and name != "__call__":
        yield f"Depends(auth.{name}) asks for no token: write Depends(auth), or auth.requires(policy)"
    elif isinstance(owner, Authenticator) and name != "health":
        yield f"Depends(auth.authenticator.{name}) asks for no token: write Depends(auth)"
    elif not _is_guard(call) and _hands_scheme_over(call, reading):
        yield f"Depends({name or call!r}) returns the scheme, and nobody asks it: write Depends(auth)"


def _hands_scheme_over(call: Any, reading: Reading) -> bool:
    """Return whether the dependency *call* returns a guard instead of being one."""
    function, owner = function_of(call)
    if function is None:
        return False
    annotation = reading.returned(function)
    if isinstance(annotation, type) and issubclass(annotation, JWTScheme):
        return True
    asks_itself = awaits(function)
    return any(_leads_to_scheme(load, asks_itself) for load in loads_of(function, owner))


def _leads_to_scheme(load: Load, asks_itself: bool) -> bool:
    value = load.value
    for name in load.attributes:
        if not isinstance(value, JWTScheme):
            value = inspect.getattr_static(value, name, None)  # no property runs
        elif name != "optional":
            return name in _MADE_BY_SCHEME and not asks_itself
    return load.is_returned and _is_guard(value)


def _of_scopes(asking: Asking) -> Iterator[str]:
    # FastAPI keeps the scopes in its own form; only the signature has them as they were written.
    written = [*asking.dependencies]
    for _, *said in asking.parameters():
        written += said
    for each in written:
        if isinstance(each, params.Security) and isinstance(each.scopes, str):
            yield (
                f"Security(..., scopes={each.scopes!r}) is taken apart into characters: "
                f"write scopes=[{each.scopes!r}]"
            )
        elif isinstance(each, params.Security) and scheme_of(each.dependency) and each.scopes == []:
            yield "Security(auth, scopes=[]) names no scope: write Depends(auth) where none is asked"
