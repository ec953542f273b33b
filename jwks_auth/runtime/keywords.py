"""Keyword arguments from a ``TypedDict``: shown by ``inspect.signature``, and refused where misspelt."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

__all__ = ["closest", "filled", "nearest", "takes"]

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
OptionsT = TypeVar("OptionsT", bound=Mapping[str, object])


def takes(options: type, defaults: Mapping[str, Any]) -> Callable[[FunctionT], FunctionT]:
    """Show each of *options* with its default in the signature of a function that takes ``**options``.

    Type checkers read ``Unpack[...]``; the signature is for ``help()`` and editors. An unknown name raises a
    ``TypeError`` that suggests the nearest known one. The default is ``None`` where *defaults* has none.
    """

    def decorate(function: FunctionT) -> FunctionT:
        own = inspect.signature(function)
        named = [each for each in own.parameters.values() if each.kind is not each.VAR_KEYWORD]
        shown = [_parameter(name, hint, defaults) for name, hint in options.__annotations__.items()]
        signature = own.replace(parameters=[*named, *shown])

        @wraps(function)
        def checked(*args: Any, **given: Any) -> Any:
            known = (*(each.name for each in named), *options.__annotations__)
            if unknown := sorted(given.keys() - set(known)):
                raise TypeError(_unexpected(function, unknown[0], known))
            return function(*args, **given)

        checked.__signature__ = signature  # type: ignore[attr-defined]
        return cast("FunctionT", checked)

    return decorate


def filled(defaults: OptionsT, options: OptionsT) -> OptionsT:
    """Return *options*, completed from *defaults*; ``None`` counts as not given."""
    given = {name: value for name, value in options.items() if value is not None}
    return cast("OptionsT", {**defaults, **given})


def closest(name: object, known: Iterable[str]) -> str | None:
    """Return the name in *known* that *name* seems to misspell, ignoring case; ``None`` if there is none."""
    listed = {each.lower(): each for each in known}
    import difflib  # which only mistakes need

    near = difflib.get_close_matches(str(name).lower(), listed, n=1)
    return listed[near[0]] if near else None


def nearest(name: object, known: Collection[str], label: str = "{}") -> str:
    """Return a hint for an error message: the name in *known* closest to *name*, or all of *known*."""
    near = closest(name, known)
    return f"known are {', '.join(known)}" if near is None else f"did you mean {label.format(near)}?"


def _parameter(name: str, hint: Any, defaults: Mapping[str, Any]) -> inspect.Parameter:
    annotation = getattr(hint, "__forward_arg__", hint)  # as it was written
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=defaults.get(name), annotation=annotation)


def _unexpected(function: Callable[..., Any], name: str, known: Collection[str]) -> str:
    called = function.__qualname__.removesuffix(".__init__")
    return f"{called}() got an unexpected keyword argument {name!r}: {nearest(name, known)}"
