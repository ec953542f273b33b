"""Guards of Django REST framework's views: the permissions that a request really meets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import permissions as drf
from rest_framework.views import APIView

from jwks_auth_django.audit.classes import Dispatch
from jwks_auth_django.audit.layers import definer, known
from jwks_auth_django.audit.verdicts import OPEN, Verdict, all_of, any_of
from jwks_auth_django.composition import NegatedToken, TokenPermission
from jwks_auth_django.internals import ignores_models

__all__ = ["asks_for_token", "is_drf", "verdict_on"]

_ASKED_BY = ("initial", "check_permissions", "get_permissions", "permission_denied")
"""The methods through which a request meets its permissions."""

_ASKING = ("initialize_request", "get_authenticators", "perform_authentication")
"""The methods through which a request meets its authentication."""

_READABLE = {"GET", "HEAD"}


def is_drf(view: type) -> bool:
    """Tell if *view* is one of DRF's."""
    return issubclass(view, APIView)


def verdict_on(view: Any, options: Mapping[str, Any], methods: set[str]) -> Verdict:
    """The verdict on a view class with the *options* of its ``as_view()``, for these *methods*.

    A router passes the arguments of ``@action`` as such options.
    """
    dispatch = Dispatch.of(view, options)
    return all_of([dispatch.verdict, _permitted(view, options, methods).behind(dispatch.doubt)])


def asks_for_token(view: Any, options: Mapping[str, Any], method: str) -> bool:
    """Return whether permissions judge every request with *method*, of users that tokens alone can name."""
    if Dispatch.of(view, options).doubt is not None or _permitted(view, options, {method}).guard is None:
        return False
    asked = all(known(vars(definer(view, name))[name]) and name not in options for name in _ASKING)
    classes = options.get("authentication_classes", view.authentication_classes)
    return asked and bool(classes) and all(map(_takes_tokens, classes))


def _takes_tokens(authentication: Any) -> bool:
    owner = definer(authentication, "authenticate") if isinstance(authentication, type) else None
    return owner is not None and owner.__module__ == "jwks_auth_django.rest_framework"


def _permitted(view: Any, options: Mapping[str, Any], methods: set[str]) -> Verdict:
    listed = options.get("permission_classes", view.permission_classes)
    for name in _ASKED_BY:
        if name in options or not known(vars(definer(view, name))[name]):
            return Verdict(doubt=f"{view.__name__}.{name} is the project's own")
    if not isinstance(listed, list | tuple):
        return Verdict(doubt=f"{view.__name__}.permission_classes is no list")
    found = all_of(_verdict(each, view, methods) for each in listed)
    if found.guard is None:
        return found
    return Verdict(f"DRF: {', '.join(map(_written, listed))}")


def _verdict(permission: Any, view: Any, methods: set[str]) -> Verdict:
    operator = getattr(permission, "operator_class", None)
    if operator in (drf.AND, drf.OR):
        both = [_verdict(each, view, methods) for each in (permission.op1_class, permission.op2_class)]
        return all_of(both) if operator is drf.AND else any_of(both)
    if operator is NegatedToken:
        return Verdict(_written(permission))
    if operator is not None:
        return Verdict(doubt=f"{_written(permission)} lets in whom the rest refuses")
    return _single(permission if isinstance(permission, type) else type(permission), view, methods)


def _single(kind: type, view: Any, methods: set[str]) -> Verdict:
    """Return the verdict on a permission class, by the class that defines its ``has_permission``."""
    owner = definer(kind, "has_permission")
    if owner in (drf.AllowAny, drf.BasePermission):
        return OPEN
    if owner is drf.DjangoModelPermissions:
        if ignores_models(view):
            return OPEN
        readable = not getattr(kind, "authenticated_users_only", False)
        return OPEN if readable and methods & _READABLE else Verdict(kind.__name__)
    if owner is drf.IsAuthenticatedOrReadOnly:
        return OPEN if methods & _READABLE else Verdict(kind.__name__)
    ours = issubclass(kind, TokenPermission) and known(vars(owner)["has_permission"]) if owner else False
    if ours or owner in (drf.IsAuthenticated, drf.IsAdminUser):
        return Verdict(kind.__name__)
    return Verdict(doubt=f"{kind.__name__} is a permission of the project's own")


def _written(permission: Any) -> str:
    """Return a permission, or a composition, as it is written in code."""
    operands = [getattr(permission, name, None) for name in ("op1_class", "op2_class")]
    first, second = [_written(operand) if operand is not None else None for operand in operands]
    if first is None:
        return str(getattr(permission, "__name__", permission))
    operator = "NOT" if issubclass(permission.operator_class, drf.NOT) else permission.operator_class.__name__
    return f"{operator} {first}" if second is None else f"({first} {operator} {second})"
