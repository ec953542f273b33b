"""CSRF protection of views that take a token, or a session: only a valid token in a header waives it.

``CsrfViewMiddleware`` and ``csrf_protect`` judge before a guard within them runs, and can't know of the token. So a
guarded view is exempt there, and its guard applies the same check to a request with a session alone, or with a token
in a cookie.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.views.decorators.csrf import csrf_exempt

from jwks_auth_django.conf import configuration
from jwks_auth_django.internals import enclosed, module
from jwks_auth_django.senders import in_cookie

__all__ = ["LEFT_TO_GUARD", "arefusal", "is_exempt", "is_left_to_us", "refusal", "was_left"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_OURS = "jwks_auth_django.decorators"

_left: ContextVar[bool] = ContextVar("jwks_auth_django_csrf_left", default=False)


class _LeftToGuard:
    """A true ``csrf_exempt`` that differs from the project's own.

    Middleware, ``csrf_protect`` and Ninja only evaluate its truth. The guard needs to know that one of them did, and
    so would have judged this request.
    """

    def __bool__(self) -> bool:
        _left.set(True)
        return True


LEFT_TO_GUARD = _LeftToGuard()


def is_exempt(view: Any) -> bool:
    """Return whether the project has exempted *view*, when a guard is put around it."""
    mark = getattr(view, "csrf_exempt", False)
    return mark is not LEFT_TO_GUARD and bool(mark)


def was_left() -> bool:
    """Return, once, whether a CSRF protection around the guard left this request to it."""
    left = _left.get()
    if left:
        _left.set(False)
    return left


def is_left_to_us(request: HttpRequest) -> bool:
    """Return whether an API that is exempt as a whole, as DRF's and Ninja's are, checks requests with a cookie.

    Where the project has no CSRF middleware the core has judged them.
    """
    return configuration().csrf_middleware is not None and in_cookie(request)


def refusal(request: HttpRequest, *, left: bool) -> HttpResponseBase | None:
    """Return CSRF's answer to a request whose credentials a browser sends by itself; ``None`` if it may pass.

    *left* is the result of :func:`was_left` at the beginning of the guard.
    """
    if not _applies(request, left):
        return None
    middleware: Any = (configuration().csrf_middleware or CsrfViewMiddleware)(_view)
    answer: HttpResponseBase | None = middleware.process_view(request, _view, (), {})
    return answer


async def arefusal(request: HttpRequest, *, left: bool) -> HttpResponseBase | None:
    """Do as :func:`refusal`, in a thread, because it may read the session from a database."""
    return await sync_to_async(refusal)(request, left=left) if _applies(request, left) else None


def _applies(request: HttpRequest, left: bool) -> bool:
    """Return whether the view is exempt only because a guard made it so."""
    if request.method in _SAFE:
        return False
    view = request.resolver_match and request.resolver_match.func
    if not left and configuration().csrf_middleware is not None:
        left = getattr(view, "csrf_exempt", False) is LEFT_TO_GUARD
    return left and not _exempted_by_project(view)


def _exempted_by_project(view: Any) -> bool:
    """Return whether ``csrf_exempt`` is around the guard, with no ``csrf_protect`` between them.

    It then has the guard's mark, as every wrapper does, and is recognised by the module of its code.
    """
    exempted = False
    while view is not None and module(view) != _OURS:
        if module(view) == csrf_exempt.__module__:
            exempted = True
        elif any(_protects(each) for each in enclosed(view)):
            exempted = False
        view = getattr(view, "__wrapped__", None)
    return exempted


def _protects(held: Any) -> bool:
    """Return whether *held* is a decorator that encloses the middleware, as in a function of ``csrf_protect``."""
    return any(isinstance(each, CsrfViewMiddleware) for each in enclosed(held))


def _view(request: Any) -> Any:
    """Stand for the view, without its exemption."""
