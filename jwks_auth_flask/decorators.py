"""``@require_jwt`` and ``@public``, the decorators of views."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import isclass, iscoroutinefunction, isroutine
from typing import Any, NamedTuple, TypeVar, Unpack, overload

from jwks_auth.adapters import Requirement, RequirementOptions
from jwks_auth_flask.preflight import preflight_answer
from jwks_auth_flask.registered import note_wrapped
from jwks_auth_flask.request_auth import request_auth_of

__all__ = [
    "PUBLIC",
    "Stamp",
    "decorator",
    "public",
    "require_jwt",
    "stamps_of",
]

View = Callable[..., Any]
ViewT = TypeVar("ViewT", bound=View)
TargetT = TypeVar("TargetT")

STAMPS = "__jwks_auth__"
PUBLIC = "__jwks_auth_public__"


class Stamp(NamedTuple):
    """A mark on a decorated view, for lists of routes.

    Other decorators copy it, so it may promise more than is enforced. It admits requests in one case only: without a
    token, under ``JWKS_AUTH_REQUIRED``, to views that declare it optional.
    """

    instance: str
    requirement: Requirement


@overload
def require_jwt(view: ViewT, /) -> ViewT: ...
@overload
def require_jwt(**options: Unpack[RequirementOptions]) -> Callable[[ViewT], ViewT]: ...
def require_jwt(view: Any = None, /, **options: Unpack[RequirementOptions]) -> Any:
    """Admit only requests with a valid token to the view, sync or async; with parentheses or without.

    Options: what :class:`~jwks_auth.Policy` takes (``scopes``, ``any_role``, ...), ``policy``, ``audience``,
    ``issuer``, ``optional``. Several decorators on one view must all be met, and the token is verified once. Put it
    below ``@app.route``: above it, Flask has registered the bare view, and requests for it fail with ``RuntimeError``.
    On a class-based view write ``decorators = [require_jwt]``, or decorate its methods. Raises
    :class:`~jwks_auth.ConfigurationError` at once for options that no token can meet.
    """
    return decorator("default", view, options)


def decorator(instance: str, view: Any, options: RequirementOptions) -> Any:
    """Return the decorator of the :class:`JWKSAuth` named *instance*, bare or called."""
    requirement = Requirement.of(**options)

    def decorate(decorated: Any) -> Any:
        if isclass(decorated):
            raise TypeError(f"{decorated.__name__}: on a class-based view write `decorators = [require_jwt]`")
        if not callable(decorated):
            raise TypeError(
                f"require_jwt decorates a view, found {decorated!r}; options are named: scopes=..."
            )
        guarded = _guarded(decorated, instance, requirement)
        setattr(guarded, STAMPS, (*stamps_of(decorated), Stamp(instance, requirement)))
        note_wrapped(decorated)
        return guarded

    return decorate if view is None else decorate(view)


def _guarded(view: View, instance: str, requirement: Requirement) -> View:
    if iscoroutinefunction(view):
        # A coroutine function too, so that an async decorator above it can await it.
        @wraps(view)
        async def async_guarded(*args: Any, **kwargs: Any) -> Any:
            answer = preflight_answer(view)
            if answer is not None:
                return answer
            await request_auth_of(instance).aadmit(requirement)
            return await view(*args, **kwargs)

        return async_guarded

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        answer = preflight_answer(view)
        if answer is not None:
            return answer
        request_auth_of(instance).admit(requirement)
        return view(*args, **kwargs)

    return guarded


def public(target: TargetT) -> TargetT:
    """Exempt a view, a view class, one of its methods, or a blueprint from guards around it.

    A view's own ``@require_jwt`` still applies. This goes below ``@app.route`` too. It marks the returned function, not
    the original, which may be registered elsewhere without being public there.
    """
    marked: Any = _same(target) if isroutine(target) else target
    setattr(marked, PUBLIC, True)
    return marked  # type: ignore[no-any-return]


def _same(view: View) -> View:
    """Return another function that calls *view*."""
    if iscoroutinefunction(view):

        @wraps(view)
        async def async_same(*args: Any, **kwargs: Any) -> Any:
            return await view(*args, **kwargs)

        return async_same

    @wraps(view)
    def same(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return same


def stamps_of(view: Any) -> tuple[Stamp, ...]:
    """The requirements of a view's decorators, innermost first."""
    return getattr(view, STAMPS, ())
