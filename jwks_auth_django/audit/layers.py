"""Functions within functions: the layers that decorators put around a view, and the origin of their code."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jwks_auth_django.internals import code_of, enclosed, module, test_of, without_partials

__all__ = ["Layer", "definer", "known", "layers", "named"]

_KNOWN = ("django", "rest_framework", "ninja", "jwks_auth_django", "asgiref", "functools")


@dataclass(frozen=True, slots=True)
class Layer:
    """A function around or within a view; *doubt* names an unknown function around it."""

    function: Any
    doubt: str | None


def layers(view: Any, doubt: str | None = None) -> list[Layer]:
    """Return *view* and all that it encloses, from the outside in.

    Django's, DRF's, Ninja's and our own wrappers call the function they enclose. Other functions may not.
    """
    found: list[Layer] = []
    waiting = [Layer(without_partials(view), doubt)]
    for layer in waiting:  # grows meanwhile
        function = layer.function
        if not inspect.isfunction(function) or any(each.function is function for each in found):
            continue
        found.append(layer)
        beyond = (
            layer.doubt if known(function) else layer.doubt or f"{named(function)} stands around the guard"
        )
        waiting += [Layer(without_partials(each), beyond) for each in _within(function)]
    return found


def _within(function: Any) -> Iterator[Any]:
    asked = test_of(function)  # which is no view
    yield from (value for value in enclosed(function) if value is not asked)


def known(function: Any) -> bool:
    """Tell if *function* is code of the frameworks, or ours."""
    return module(function).partition(".")[0] in _KNOWN


def named(function: Any) -> str:
    """Return the name in *function*'s code."""
    where, name = code_of(function)
    return f"{where}.{name}" if name is not None else repr(type(without_partials(function)).__name__)


def definer(kind: type, name: str) -> type | None:
    """Return the class from which *kind* inherits *name*."""
    return next((base for base in kind.__mro__ if name in vars(base)), None)
