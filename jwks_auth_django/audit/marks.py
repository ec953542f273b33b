"""Views that the middleware leaves alone under ``REQUIRED``: those with a guard of ours, and what ``@public`` marks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from jwks_auth_django.audit.classes import Dispatch
from jwks_auth_django.audit.layers import Layer, layers
from jwks_auth_django.audit.verdicts import OPEN
from jwks_auth_django.audit.views import classes
from jwks_auth_django.internals import decorators_of, module
from jwks_auth_django.openness import MARK, public

__all__ = ["asks_for_token", "is_guarded", "is_public"]


def is_guarded(view: Any) -> bool:
    """Return whether a guard of ours, which may let a request without a token in, stands around or in *view*."""
    if not hasattr(
        view, "jwks_auth"
    ):  # every decorator copies it, so its absence proves more than its presence
        return False
    found = layers(view)
    return any(module(layer.function) == "jwks_auth_django.decorators" for layer in found) or any(
        Dispatch.of(kind, options).verdict != OPEN for kind, options, _ in classes(found)
    )


def asks_for_token(view: Any, method: str) -> bool:
    """Return whether a guard of ours in DRF or Ninja is sure to judge a request with *method*."""
    found = layers(view)
    if any(layer.doubt is not None for layer in found):
        return False
    return _asks_in_drf(found, method) or _asks_in_ninja(found, method)


def _asks_in_drf(found: list[Layer], method: str) -> bool:
    if "rest_framework.views" not in sys.modules:
        return False
    from jwks_auth_django.audit import drf

    views = [(kind, options) for kind, options, _ in classes(found) if drf.is_drf(kind)]
    return any(drf.asks_for_token(kind, options, method) for kind, options in views)


def _asks_in_ninja(found: list[Layer], method: str) -> bool:
    if "ninja.operation" not in sys.modules:
        return False
    from jwks_auth_django.audit import ninja

    return ninja.asks_for_token(found, method)


def is_public(view: Any, method: str) -> bool:
    """Return whether *view* is marked as open for requests with *method*."""
    found = layers(view)
    return (
        _is_marked(view, found)
        or any(
            vars(kind).get(MARK) is kind or any(map(_is_marked_method, _methods(kind, actions, method)))
            for kind, _, actions in classes(found)
        )
        or any(_is_marked(each, layers(each)) for each in _operations(found, method))
    )


def _is_marked(view: Any, found: list[Layer]) -> bool:
    """Tell if *view*, or a function that it is sure to call, bears its own mark.

    The frameworks' wrappers call what they enclose. Of others it is believed where they copied the mark outwards.
    """
    mark = getattr(view, MARK, None)
    return any(
        getattr(layer.function, MARK, None) is layer.function
        and (layer.doubt is None or mark is layer.function)
        for layer in found
    )


def _methods(kind: Any, actions: dict[str, str], method: str) -> Iterator[Any]:
    """The methods of a class-based view that answer; HEAD is answered as GET unless there is a handler of its own."""
    name = method.lower()
    if name == "head" and not hasattr(kind, "head"):
        name = "get"
    for each in ("dispatch", actions.get(name, name)):
        if hasattr(kind, each):
            yield getattr(kind, each)


def _is_marked_method(method: Any) -> bool:
    while (decorated := decorators_of(method)) is not None:
        if any(each is public for each in decorated[0]):  # of method_decorator
            return True
        method = decorated[1]
    return _is_marked(method, layers(method))


def _operations(found: list[Layer], method: str) -> Iterator[Any]:
    if "ninja.operation" in sys.modules:  # otherwise no view is Ninja's
        from jwks_auth_django.audit.ninja import functions

        yield from functions(found, method)
