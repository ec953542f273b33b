"""Refusals in DRF: with challenges that name all that the view's permissions ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import AuthenticationFailed, ErrorDetail, NotAuthenticated, PermissionDenied
from rest_framework.permissions import AND, NOT, OR

from jwks_auth import AuthError, InsufficientScopeError, MissingTokenError, Policy, Refused, VerifiedToken
from jwks_auth.adapters import RefusedRequest, Rejection, stand_for
from jwks_auth_django.authentication import rejection_of
from jwks_auth_django.composition import TokenPermission
from jwks_auth_django.internals import operands, replace_method

if TYPE_CHECKING:  # DRF imports what imports this module while it imports these
    from rest_framework.request import Request

__all__ = ["TokenRefused", "challenge_refusals", "explain_missing", "rejection_for"]

TokenOf = Callable[[Any], VerifiedToken | None]

_OPEN, _CLOSED = Policy(), ~Policy()


class TokenRefused(RefusedRequest, AuthenticationFailed):
    """A refused token: 401, 400 or 503.

    DRF gives every ``AuthenticationFailed`` the challenge of the view's first authentication class, or makes it 403 if
    that has none. This error keeps its own challenge, which has the reason. A refusal with 403 is a
    ``PermissionDenied`` with the same attributes: ``status``, ``reason``, ``error``, ``rejection``. ``detail.code`` is
    the reason too.
    """

    def __init__(self, error: Refused, rejection: Rejection) -> None:
        stand_for(self, error, rejection)
        headers = rejection.fields
        self.__dict__["status_code"] = rejection.status
        self.__dict__["auth_header"] = headers.get("WWW-Authenticate")
        self.wait = int(headers.get("Retry-After", 0))
        super().__init__(rejection.description, error.code)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("status_code", "auth_header"):
            super().__setattr__(name, value)


def rejection_for(request: Request, error: Refused) -> Rejection:
    """The answer to a request that is refused before its view's permissions were asked."""
    view = request.parser_context.get("view")
    return rejection_of(request._request, error, _policies(view, request))


def explain_missing(view: Any) -> None:
    """Have DRF's exception for a request without credentials say what those for bad ones do."""
    if view is None:
        return

    def refused(request: Request, message: str | None = None, code: str | None = None) -> None:
        try:
            permission_denied(request, message=message, code=code)
        except NotAuthenticated as missing:
            error = MissingTokenError()
            stand_for(missing, error, rejection_for(request, error))
            missing.detail = ErrorDetail(str(missing.detail), error.code)
            raise

    permission_denied = replace_method(view, "permission_denied", refused)


def challenge_refusals(view: Any, token_of: TokenOf) -> None:
    """Have the refusals of *view* say that the token was not enough, and what would be.

    A permission can only say no, and may be overruled by the rest of a composition. The view, which lives as
    long as the request, has the last word.
    """
    if "_jwt_refusals" in view.__dict__:
        return
    view.__dict__["_jwt_refusals"] = True

    def refused(request: Request, message: str | None = None, code: str | None = None) -> None:
        try:
            permission_denied(request, message=message, code=code)
        except PermissionDenied as denied:
            policies = _policies(view, request)
            error = _reason(policies, token_of(request))
            rejection = rejection_of(request._request, error, policies)
            if rejection.status == 401:
                raise TokenRefused(error, rejection) from error
            stand_for(denied, error, rejection)
            denied.auth_header = rejection.fields["WWW-Authenticate"]  # type: ignore[attr-defined]  # what DRF's exception_handler looks for
            if code is None:
                denied.detail = ErrorDetail(str(denied.detail), error.code)
            raise

    permission_denied = replace_method(view, "permission_denied", refused)


def _reason(policies: list[Policy], token: VerifiedToken | None) -> AuthError:
    """The refusal by *policies*; where they allow the request another permission does not, and no scope helps."""
    whole = _OPEN
    for policy in policies:
        whole &= policy
    try:
        whole.check(token)
    except AuthError as error:
        return error
    return InsufficientScopeError()


def _policies(view: Any, request: Request) -> list[Policy]:
    """The policies of the view's permissions; none, where listing them fails or asks who the user is."""
    if view is None or view.__dict__.get("_jwt_listing"):
        return []
    view.__dict__["_jwt_listing"] = True
    try:
        return [_policy(each, view, request) for each in view.get_permissions()]
    except Exception:  # noqa: BLE001 - the project's own code, which is in order once the token is
        return []
    finally:
        view.__dict__["_jwt_listing"] = False


def _policy(permission: Any, view: Any, request: Request, *, alone: bool = True) -> Policy:
    """The policy that *permission* stands for. One of the project's counts as met where it stands *alone*; else it is
    asked, as it may be another way in.
    """
    permission = permission() if isinstance(permission, type) else permission
    if isinstance(permission, TokenPermission):
        return permission.policy_for(view, request.method or "")
    kind = type(permission)
    parts = [
        _policy(each, view, request, alone=alone and kind is AND)
        for each in (operands(permission) if issubclass(kind, AND | OR | NOT) else ())
    ]
    if kind is AND:
        return parts[0] & parts[1]
    if kind is OR:
        return parts[0] | parts[1]
    if parts:
        return ~parts[0]
    return _OPEN if alone or permission.has_permission(request, view) else _CLOSED
