"""The verdicts on a view: on each of Ninja's operations in it, or on the view as a whole."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from jwks_auth.adapters import Requirement
from jwks_auth_django.audit.classes import Dispatch
from jwks_auth_django.audit.functions import guard_of
from jwks_auth_django.audit.layers import Layer, layers
from jwks_auth_django.audit.verdicts import OPEN, Verdict, all_of
from jwks_auth_django.internals import MADE_OF_A_CLASS, cells, code_of, module

__all__ = ["classes", "drf_authentication_of", "ninja_bearers_of", "requirements_of", "verdicts_of"]


_BY_MIDDLEWARE = Verdict("LoginRequiredMiddleware")


def verdicts_of(view: Any, *, denied: bool) -> Iterator[tuple[str, Verdict]]:
    """The methods and the verdict of each operation in *view*.

    With *denied*, ``LoginRequiredMiddleware`` requires a user, before any other guard, unless a view is exempt.
    """
    found = layers(view)
    around = all_of(guard_of(layer.function).behind(layer.doubt) for layer in found)
    for methods, verdict in [*_ninja(found), *_made_of_a_class(found)] or [("any", None)]:
        total = all_of([around, OPEN if verdict is None else verdict])
        if denied and getattr(view, "login_required", True):
            total = all_of([_BY_MIDDLEWARE, total])
        yield methods, _undecided(view, found) if total == OPEN and verdict is None else total


def requirements_of(view: Any, method: str | None = None) -> Iterator[Requirement]:
    """Yield the requirements on the way to *view*: its guards', Ninja's ``auth``, DRF's authentication.

    With a *method* those of DRF's permissions, too, where each stands alone.
    """
    yield from getattr(view, "jwks_auth", ())
    found = layers(view)
    for guard in (*_ninja_callbacks(found), *_drf_authentication(found)):
        asked = getattr(guard, "requirement", None)
        if isinstance(asked, Requirement):
            yield asked
    if method is not None:
        yield from _drf_permissions(found, method)


def ninja_bearers_of(view: Any) -> list[Any]:
    """Return the members of ``auth`` in *view*, of Ninja's operations, that take tokens."""
    callbacks = _ninja_callbacks(layers(view))
    return [each for each in callbacks if isinstance(getattr(each, "requirement", None), Requirement)]


def drf_authentication_of(view: Any) -> list[tuple[Any, ...]]:
    """Return the authentication classes of each of DRF's views in *view*."""
    return [
        tuple(options.get("authentication_classes", getattr(kind, "authentication_classes", ())))
        for kind, options, _ in classes(layers(view))
    ]


def _ninja_callbacks(found: list[Layer]) -> Iterator[Any]:
    if "ninja.operation" in sys.modules:
        from jwks_auth_django.audit.ninja import callbacks

        yield from callbacks(found)


def _drf_authentication(found: list[Layer]) -> Iterator[Any]:
    for kind, options, _ in classes(found):
        yield from options.get("authentication_classes", getattr(kind, "authentication_classes", ()))


def _drf_permissions(found: list[Layer], method: str) -> Iterator[Requirement]:
    for kind, options, actions in classes(found):
        for permission in options.get("permission_classes", getattr(kind, "permission_classes", ())):
            policy_for = getattr(permission() if callable(permission) else permission, "policy_for", None)
            if policy_for is not None:
                view = kind(**options)
                view.action = actions.get(method.lower())  # by which required_scopes may differ
                yield Requirement(policy=policy_for(view, method))


def classes(found: list[Layer]) -> Iterator[tuple[Any, dict[str, Any], dict[str, str]]]:
    """Yield the class of each layer that ``as_view()`` made, its options, and DRF's actions by method."""
    for layer in found:
        if _is_made_of_a_class(layer):
            enclosed = cells(layer.function)
            yield enclosed["cls"], enclosed["initkwargs"], enclosed.get("actions") or {}


def _ninja(found: list[Layer]) -> Iterator[tuple[str, Verdict]]:
    if "ninja.operation" in sys.modules:  # otherwise no view is Ninja's
        from jwks_auth_django.audit.ninja import operations

        yield from operations(found)


def _made_of_a_class(found: list[Layer]) -> Iterator[tuple[str, Verdict | None]]:
    """Yield the verdict on a class-based view; ``None`` if it has Django's ``dispatch`` alone."""
    for layer in found:
        if _is_made_of_a_class(layer):
            enclosed = cells(layer.function)
            kind, options = enclosed["cls"], enclosed["initkwargs"]
            methods = _methods(kind, enclosed.get("actions"), options)
            yield " ".join(methods) or "any", _of_a_class(kind, options, methods, layer.doubt)


def _is_made_of_a_class(layer: Layer) -> bool:
    return code_of(layer.function) in MADE_OF_A_CLASS


def _of_a_class(kind: Any, options: dict[str, Any], methods: list[str], doubt: str | None) -> Verdict | None:
    if "rest_framework.views" in sys.modules:
        from jwks_auth_django.audit.drf import is_drf, verdict_on

        if is_drf(kind):
            return verdict_on(kind, options, set(methods)).behind(doubt)
    verdict = Dispatch.of(kind, options).verdict.behind(doubt)
    return None if verdict == OPEN else verdict


def _methods(kind: Any, actions: dict[str, str] | None, options: dict[str, Any]) -> list[str]:
    """The methods a class-based view has handlers for."""
    names = options.get("http_method_names", kind.http_method_names)
    handled = [name for name in names if (hasattr(kind, name) if actions is None else name in actions)]
    return [name.upper() for name in handled if name != "options"]


def _undecided(view: Any, found: list[Layer]) -> Verdict:
    """Return the verdict on a view without a guard, and without a place that should list one."""
    if hasattr(view, "jwks_auth"):
        return Verdict(doubt="it bears the mark of require_jwt, which can't be found in it")
    if not getattr(view, "login_required", True):
        return Verdict("public: login_not_required")
    if any(module(layer.function) == "ninja.openapi.views" for layer in found):
        return Verdict("public: API documentation")
    return OPEN
