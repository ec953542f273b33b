"""DRF's ``&``, ``|`` and ``~`` for permissions on tokens: their negation also needs a verified token.

DRF's own ``~`` turns every refusal into permission, also the refusal of a request without a token. Python calls the
right operand of ``&`` and ``|`` first if its type derives from the left one's. So each composition with a permission of
ours is a class whose metaclass derives from all types that DRF composes: its metaclass, and its two holders (DRF
3.18.3, undocumented). ``IsAuthenticated & HasRole("a")`` is then such a class too, and so is its ``~``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rest_framework.permissions import (
    AND,
    NOT,
    OR,
    BasePermission,
    BasePermissionMetaclass,
    OperandHolder,
    SingleOperandHolder,
)

from jwks_auth import Policy
from jwks_auth_django.internals import operands

if TYPE_CHECKING:  # DRF imports this module while it imports these
    from rest_framework.request import Request
    from rest_framework.views import APIView

__all__ = ["NegatedToken", "TokenPermission", "TokenPermissionType"]


class NegatedToken(NOT):
    """The opposite of a composition, if each token permission in it can judge; otherwise a refusal."""

    op1: Any

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Allow what the composition refuses, if the request has a token to judge."""
        return _all_judge(self.op1, request, view) and super().has_permission(request, view)

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        """Allow the same for an object."""
        return _all_judge(self.op1, request, view) and super().has_object_permission(request, view, obj)


class TokenPermissionType(BasePermissionMetaclass, OperandHolder, SingleOperandHolder):
    """The operators of token permissions and of their compositions."""

    __init__ = type.__init__
    __eq__ = type.__eq__
    __hash__ = type.__hash__

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a permission, as DRF does for ``permission_classes``; with names, make a class to be listed there."""
        if not args and not kwargs:
            return type.__call__(cls)
        args = tuple(map(_kept, args))
        kwargs = {name: _kept(value) for name, value in kwargs.items()}
        try:
            return _named(cls, *args, **kwargs)
        except TypeError:  # a mapping of claims can't be hashed; or the call is wrong, which is raised again
            return _named.__wrapped__(cls, *args, **kwargs)

    def __and__(cls, other: Any) -> Any:
        return _composed(AND, cls, other)

    def __or__(cls, other: Any) -> Any:
        return _composed(OR, cls, other)

    def __rand__(cls, other: Any) -> Any:
        return _composed(AND, other, cls)

    def __ror__(cls, other: Any) -> Any:
        return _composed(OR, other, cls)

    def __invert__(cls) -> Any:
        return _composed(NegatedToken, cls)


class _Named(TokenPermissionType):
    """The type of classes with names: ``HasRole("admin")``. DRF calls one to make a permission."""

    stated: Any
    has_permission = property(lambda cls: cls().has_permission)
    has_object_permission = property(lambda cls: cls().has_object_permission)

    def __call__(cls) -> Any:
        """Make the permission with the names of its class."""
        args, kwargs = cls.stated
        return type.__call__(cls, *args, **dict(kwargs))


def _kept(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | set) else value


@functools.lru_cache(maxsize=1024)
def _named(kind: Any, *args: Any, **kwargs: Any) -> Any:
    type.__call__(kind, *args, **kwargs)  # refuses wrong names now, where they are written
    written = [*map(repr, args), *(f"{name}={value!r}" for name, value in kwargs.items())]
    fields = {"stated": (args, tuple(kwargs.items())), "__module__": kind.__module__, "__doc__": kind.__doc__}
    return _Named(f"{kind.__name__}({', '.join(written)})", (kind,), fields)


class _Composed(TokenPermissionType):
    """The type of compositions: classes with the attributes of DRF's holders."""

    operator_class: Any
    operands: tuple[Any, ...]

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make the operator and its permissions."""
        return cls.operator_class(*(each(*args, **kwargs) for each in cls.operands))


@functools.lru_cache(maxsize=1024)
def _composed(operator: Any, *composed: Any) -> Any:
    held = {f"op{number}_class": each for number, each in enumerate(composed, 1)}
    return _Composed(operator.__name__, (), {"operator_class": operator, "operands": composed, **held})


class TokenPermission(BasePermission, metaclass=TokenPermissionType):
    """The base of token permissions."""

    def can_judge(self, request: Request, view: APIView) -> bool:
        """Return whether there is a token, and a policy to judge it by."""
        raise NotImplementedError

    def policy_for(self, view: Any, method: str) -> Policy:
        """Return the policy for a view and method."""
        raise NotImplementedError


def _all_judge(permission: Any, request: Request, view: APIView) -> bool:
    return all(each.can_judge(request, view) for each in _asking(permission))


def _asking(permission: Any) -> Iterator[TokenPermission]:
    """Yield the token permissions in a composition."""
    if isinstance(permission, TokenPermission):
        yield permission
    for operand in operands(permission):
        yield from _asking(operand)
