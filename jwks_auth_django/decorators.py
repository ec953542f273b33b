"""``@require_jwt`` and ``RequireJWTMixin``: a view's requirement, with or without the middleware."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar, Unpack, overload

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest

from jwks_auth import ConfigurationError, Policy, Refused, VerifiedToken
from jwks_auth_django import csrf
from jwks_auth_django.authentication import arefuse, asign_in, finish, refuse, sign_in
from jwks_auth_django.guards import Guard, GuardOptions, guard
from jwks_auth_django.senders import in_cookie

__all__ = ["JWTRequest", "RequireJWTMixin", "require_jwt"]

View = TypeVar("View", bound=Callable[..., Any])

_ANY_GOOD_TOKEN = Guard()


@overload
def require_jwt(view: View, /) -> View: ...
@overload
def require_jwt(**asked: Unpack[GuardOptions]) -> Callable[[View], View]: ...
def require_jwt(view: Any = None, /, **asked: Unpack[GuardOptions]) -> Any:
    """Require a valid token that meets the options; with parentheses or without.

    They are what :class:`jwks_auth.Policy` takes (``scopes``, ``any_role``, ...), ``policy``, ``audience`` (replaces
    the settings'), ``issuer``. ``optional=True`` also admits a request without a token, with the session's user, but
    never one with a bad token. ``api``, a key of ``JWKS_AUTH["APIS"]``, has the token judged by that API's settings.
    The view may be sync or async; it finds ``request.token`` and ``request.user``. On a
    class-based view use :class:`RequireJWTMixin`, or ``method_decorator(require_jwt(...), name="dispatch")``.

    ``LoginRequiredMiddleware`` and CSRF protection ignore the view, because no session opens it. CSRF protection
    applies to a token in a cookie, and with ``optional=True`` to requests without a token.
    """
    requirement = guard(**asked) if asked else _ANY_GOOD_TOKEN
    return functools.partial(_guarded, requirement) if view is None else _guarded(requirement, view)


class JWTRequest(HttpRequest):
    """A guarded view's request, for annotations only: type checkers know its ``token``."""

    token: VerifiedToken


_CALL_NO_OTHER = {("django.views.generic.base", "View"), ("rest_framework.viewsets", "ViewSetMixin")}
"""Classes whose ``as_view()`` calls no other class's."""


class RequireJWTMixin:
    """Guards a class-based view, as its first base: ``jwt = {"scopes": "orders:read"}``, as in :func:`require_jwt`."""

    jwt: ClassVar[GuardOptions] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a class with another base's ``as_view()``, which would require no token."""
        super().__init_subclass__(**kwargs)
        for base in cls.__mro__[: cls.__mro__.index(RequireJWTMixin)]:
            if (base.__module__, base.__name__) in _CALL_NO_OTHER:
                raise ConfigurationError(
                    f"class {cls.__qualname__}: RequireJWTMixin guards nothing behind {base.__name__}, "
                    f"put it first: class {cls.__name__}(RequireJWTMixin, ...)"
                )

    @classmethod
    def as_view(cls, *actions: Any, **initkwargs: Any) -> Callable[..., Any]:
        """Return the view, guarded as a whole: before ``setup()``, ``dispatch()`` and every handler."""
        view = super().as_view(*actions, **initkwargs)  # type: ignore[misc]  # of the View it is mixed into
        asked = initkwargs.get("jwt", cls.jwt)
        if not isinstance(asked, Mapping):
            raise ConfigurationError(
                f'jwt: found {asked!r} on {cls.__qualname__}, expected options such as {{"scopes": "orders:read"}}'
            )
        guarded: Callable[..., Any] = _guarded(guard(**asked), view)
        return guarded


def _guarded(requirement: Guard, view: Any) -> Any:
    _refuse_what_is_no_view(view)
    guarded: Any = (_async_guarded if _is_async(view) else _sync_guarded)(requirement, view)
    functools.update_wrapper(guarded, view)
    guarded.jwks_auth = (requirement, *getattr(view, "jwks_auth", ()))
    guarded.login_required = False
    if not csrf.is_exempt(view):
        guarded.csrf_exempt = csrf.LEFT_TO_GUARD
    return guarded


def _refuse_what_is_no_view(view: Any) -> None:
    if not callable(view):
        raise ConfigurationError(
            f"@require_jwt decorates a view, found {view!r}; options are named: scopes=..."
        )
    if isinstance(view, type):
        raise ConfigurationError(
            f"@require_jwt on the class {view.__qualname__}: use RequireJWTMixin, "
            'or method_decorator(require_jwt(...), name="dispatch")'
        )
    # method_decorator passes a partial, which has its self already.
    if inspect.isfunction(view) and _first_parameter(view) == "self":
        raise ConfigurationError(
            f"@require_jwt on the method {view.__qualname__}: use @method_decorator(require_jwt(...)), "
            "RequireJWTMixin, or in Django REST framework permission_classes"
        )


def _first_parameter(function: Any) -> str | None:
    return next(iter(inspect.signature(function, follow_wrapped=False).parameters), None)


def _policies(requirement: Guard, view: Any) -> tuple[Policy, ...]:
    """The policies of this guard and those inside of it, all of which a challenge names."""
    guards: tuple[Guard, ...] = (requirement, *getattr(view, "jwks_auth", ()))
    return tuple(each.policy for each in guards if each.policy is not None)


def _sync_guarded(requirement: Guard, view: Callable[..., Any]) -> Any:
    policies = _policies(requirement, view)

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        left = csrf.was_left()
        try:
            token = sign_in(request, requirement)
            by_itself = token is None or in_cookie(request)
            refusal = csrf.refusal(request, left=left) if by_itself else None
            response = view(request, *args, **kwargs) if refusal is None else refusal
        except Refused as error:
            return refuse(request, error, policies)
        return finish(request, response)

    return guarded


def _async_guarded(requirement: Guard, view: Callable[..., Any]) -> Any:
    policies = _policies(requirement, view)

    async def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        left = csrf.was_left()
        try:
            token = await asign_in(request, requirement)
            by_itself = token is None or in_cookie(request)
            refusal = await csrf.arefusal(request, left=left) if by_itself else None
            response = await view(request, *args, **kwargs) if refusal is None else refusal
        except Refused as error:
            return await arefuse(request, error, policies)
        return finish(request, response)

    return guarded


def _is_async(view: Any) -> bool:
    """Return whether *view* must be awaited. Of an async class-based view, ``dispatch`` itself does not show it."""
    owner = getattr(getattr(view, "func", view), "__self__", None)
    return iscoroutinefunction(view) or getattr(owner, "view_is_async", False)
