"""DRF's ``&``, ``|`` and ``~`` for permissions that ask a token: what is negated needs a verified token too.

DRF's own ``~`` turns every no into a yes, also the no of a request that has no token to be asked about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rest_framework.permissions import (
    AND,
    NOT,
    OR,
    BasePermission,
    BasePermissionMetaclass,
    OperandHolder,
    OperationHolderMixin,
    SingleOperandHolder,
)

if TYPE_CHECKING:  # DRF imports this module while it imports these
    from rest_framework.request import Request
    from rest_framework.views import APIView

__all__ = ["NegatedToken", "TokenPermission", "check_without_token", "no_verdict"]


class NegatedToken(NOT):
    """The opposite of a composition, where each permission in it that asks a token has a verdict; else no."""

    op1: Any

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Allow what the composition refuses, of a request whose token can be asked."""
        if not _all_judge(self.op1, request, view):
            return no_verdict(request, view)
        return super().has_permission(request, view)

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        """Allow the same for an object."""
        if not _all_judge(self.op1, request, view):
            return no_verdict(request, view)
        return super().has_object_permission(request, view, obj)


class _Operations(OperationHolderMixin):
    """The operators; a composition keeps them, so that its negation needs a token as well."""

    def __and__(self, other: Any) -> Any:
        return _pair(AND, self, other)

    def __or__(self, other: Any) -> Any:
        return _pair(OR, self, other)

    def __rand__(self, other: Any) -> Any:
        return _pair(AND, other, self)

    def __ror__(self, other: Any) -> Any:
        return _pair(OR, other, self)

    def __invert__(self) -> Any:
        operator: Any = NegatedToken
        operand: Any = self
        return _Negation(operator, operand)


class _Pair(_Operations, OperandHolder):
    """Two permissions, one of which at least asks a token."""


def _pair(operator: Any, first: Any, second: Any) -> Any:
    return _Pair(operator, first, second)


class _Negation(_Operations, SingleOperandHolder):
    """The opposite of a permission that asks a token."""


class _TokenPermissionType(_Operations, BasePermissionMetaclass):
    """The same operators for the class itself, as in ``~HasScopes``."""


class TokenPermission(_Operations, BasePermission, metaclass=_TokenPermissionType):
    """Base of the permissions that ask a token."""

    def can_judge(self, request: Request, view: APIView) -> bool:
        """Tell if there is a token to ask, and something to ask of it."""
        raise NotImplementedError


def no_verdict(request: Request, view: APIView) -> bool:
    """Answer no; or refuse the request, where a ``~`` of DRF's own would make a yes of it.

    Such a ``~`` stands around a composition that DRF's permission began: ``~(IsAuthenticated & HasRole("a"))``.
    """
    if any(_negates_a_token(permission) for permission in view.get_permissions()):
        view.permission_denied(request)
    return False


def check_without_token(view: Any) -> None:
    """Have *view*, whose request has no token, take no such ``~`` for a yes, also where none of ours was asked.

    DRF asks no further once the answer is clear: of ``~(IsAuthenticated & HasRole("a"))`` only the first.
    """
    asked = view.check_permissions

    def check_permissions(request: Request) -> None:
        asked(request)
        for permission in view.get_permissions():
            if _negates_a_token(permission) and not _holds_without_token(permission, request, view):
                view.permission_denied(request)

    view.check_permissions = check_permissions


def _holds_without_token(permission: Any, request: Request, view: Any) -> bool:
    """Return whether something else in *permission* allows the request than what asks a token, or its negation."""
    if isinstance(permission, TokenPermission) or (isinstance(permission, NOT) and any(_asking(permission))):
        return False
    operands = _operands(permission)
    if isinstance(permission, NOT) or not operands:
        return bool(permission.has_permission(request, view))
    enough = all if isinstance(permission, AND) else any
    return enough(_holds_without_token(operand, request, view) for operand in operands)


def _all_judge(permission: Any, request: Request, view: APIView) -> bool:
    return all(each.can_judge(request, view) for each in _asking(permission))


def _asking(permission: Any) -> Iterator[TokenPermission]:
    """The permissions in a composition that ask a token."""
    if isinstance(permission, TokenPermission):
        yield permission
    for operand in _operands(permission):
        yield from _asking(operand)


def _negates_a_token(permission: Any) -> bool:
    if isinstance(permission, NOT) and not isinstance(permission, NegatedToken):
        return any(_asking(permission))
    return any(_negates_a_token(operand) for operand in _operands(permission))


def _operands(permission: Any) -> list[Any]:
    return [getattr(permission, name) for name in ("op1", "op2") if hasattr(permission, name)]
