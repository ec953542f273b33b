"""Guards of class-based views: Django's mixins, in the order of their ``dispatch`` calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.mixins import AccessMixin

from jwks_auth_django.audit.functions import guard_of
from jwks_auth_django.audit.layers import definer, known, layers, named
from jwks_auth_django.audit.verdicts import Verdict, all_of
from jwks_auth_django.internals import decorators_of, module

__all__ = ["Dispatch"]

_MIXINS = AccessMixin.__module__
_LAST = {"django.views.generic.base", "rest_framework.views"}
"""The modules whose ``dispatch`` calls the handler, and no other ``dispatch``."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """The checks in the calls of ``dispatch``; *doubt* names unknown code among them."""

    verdict: Verdict
    doubt: str | None

    @classmethod
    def of(cls, view: type, options: Mapping[str, Any]) -> Dispatch:
        """Follow *view*'s method resolution order; *options* are those of its ``as_view()``."""
        found: list[Verdict] = []
        doubt: str | None = "as_view() replaces dispatch" if "dispatch" in options else None
        order, method = iter(view.__mro__), None
        while module(method) not in _LAST:
            base = next(order)
            method = vars(base).get("dispatch")
            while (decorated := decorators_of(method)) is not None:
                inner = _decorated(decorated[0], doubt)
                found += [guard_of(layer.function).behind(layer.doubt) for layer in inner]
                lost = "a decorator of dispatch can't be followed"
                doubt = next((layer.doubt for layer in inner if layer.function is _handler), lost)
                method = decorated[1]
            if module(method) == _MIXINS:
                mixin = named(method).removeprefix(f"{_MIXINS}.").partition(".")[0]
                found.append(_mixin(mixin, view, options).behind(doubt))
            elif method is not None and not _is_known(method):
                doubt = doubt or f"{base.__name__}.dispatch is the project's own"
        return cls(all_of(found), doubt)


def _is_known(method: Any) -> bool:
    """Return whether *method*, with all that it encloses, is code of the frameworks."""
    enclosed = layers(method)
    return bool(enclosed) and all(known(layer.function) for layer in enclosed)


def _handler(*arguments: Any, **named: Any) -> None:
    """Stand for a method, so that decorators can be applied and examined."""


def _decorated(decorators: Any, doubt: str | None) -> list[Any]:
    function: Any = _handler
    for decorator in decorators:  # as method_decorator applies them
        function = decorator(function)
    return layers(function, doubt)


_MAY_CHANGE = {
    "LoginRequiredMixin": ("handle_no_permission",),
    "PermissionRequiredMixin": ("handle_no_permission", "has_permission", "get_permission_required"),
}


def _mixin(name: str, view: type, options: Mapping[str, Any]) -> Verdict:
    """The verdict on one of Django's mixins, in *view*."""
    if name not in _MAY_CHANGE:
        return Verdict(doubt=f"{view.__name__}.test_func may let anybody in")
    for method in _MAY_CHANGE[name]:
        owner = definer(view, method)
        if method in options or owner is None or owner.__module__ != _MIXINS:
            return Verdict(doubt=f"{view.__name__}.{method} is the project's own")
    asked = options.get("permission_required", getattr(view, "permission_required", None))
    if name == "PermissionRequiredMixin" and not (asked and isinstance(asked, str | list | tuple)):
        return Verdict(doubt=f"{view.__name__}.permission_required names no permission")
    return Verdict(name)
