"""Functions within functions: what the decorators of a view enclose, and whose code each of them is."""

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
    """A function around, or at the heart of, a view; *doubt* names what stands around it and is not known."""

    function: Any
    doubt: str | None


def layers(view: Any, doubt: str | None = None) -> list[Layer]:
    """*view* and all that it encloses, from the outside in.

    Django's, DRF's, Ninja's and our own wrappers call what they enclose. Of any other function nobody knows.
    """
    found: list[Layer] = []
    waiting = [Layer(without_partials(view), doubt)]
    for layer in waiting:  # which grows
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
    """The name that *function*'s code has."""
    where, name = code_of(function)
    return f"{where}.{name}" if name is not None else repr(type(without_partials(function)).__name__)


def definer(kind: type, name: str) -> type | None:
    """The class that *kind* has *name* from."""
    return next((base for base in kind.__mro__ if name in vars(base)), None)
