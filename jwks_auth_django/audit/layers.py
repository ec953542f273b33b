"""Functions within functions: what the decorators of a view enclose, and whose code each of them is."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

__all__ = ["Layer", "cells", "definer", "known", "layers", "module", "named", "without_partials"]

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
    enclosed = cells(function)
    # Of user_passes_test, what is asked is no view.
    yield from (value for name, value in enclosed.items() if name != "test_func" or not known(function))


def without_partials(function: Any) -> Any:
    """The function itself: of a bound method, of a partial."""
    while isinstance(function, functools.partial) or inspect.ismethod(function):
        function = function.func if isinstance(function, functools.partial) else function.__func__
    return function


def cells(function: Any) -> dict[str, Any]:
    """Return the objects that *function* encloses, by name; names without a value are left out."""
    function = without_partials(function)
    found = {}
    code = getattr(function, "__code__", None)
    for name, cell in zip(
        getattr(code, "co_freevars", ()), getattr(function, "__closure__", None) or (), strict=True
    ):
        with suppress(ValueError):  # an empty cell
            found[name] = cell.cell_contents
    return found


def module(function: Any) -> str:
    """The module that *function*'s code is of, whatever names it has been given."""
    return str(getattr(without_partials(function), "__globals__", {}).get("__name__", ""))


def known(function: Any) -> bool:
    """Tell if *function* is code of the frameworks, or ours."""
    return module(function).partition(".")[0] in _KNOWN


def named(function: Any) -> str:
    """The name that *function*'s code has."""
    function = without_partials(function)
    code = getattr(function, "__code__", None)
    return f"{module(function)}.{code.co_qualname}" if code is not None else repr(type(function).__name__)


def definer(kind: type, name: str) -> type | None:
    """The class that *kind* has *name* from."""
    return next((base for base in kind.__mro__ if name in vars(base)), None)
