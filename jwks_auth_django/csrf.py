"""CSRF protection of views that take a token or a session: only a good token waives it.

``CsrfViewMiddleware`` judges before a view's decorators run, so it can't know of the token. A view guarded with
``optional=True`` is therefore exempt there, and the guard asks the same middleware once it knows.
"""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from jwks_auth_django.conf import configuration

__all__ = ["JUDGED_BY_GUARD", "arefusal", "refusal"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class _JudgedByGuard:
    """A true ``csrf_exempt``, told apart from one the project wrote."""


JUDGED_BY_GUARD = _JudgedByGuard()


def refusal(request: HttpRequest) -> HttpResponseBase | None:
    """CSRF's answer to a request without a good token; ``None`` if it may pass."""
    if not _applies(request):
        return None
    middleware = configuration().csrf_middleware(_view)
    answer: HttpResponseBase | None = middleware.process_view(request, _view, (), {})
    return answer


async def arefusal(request: HttpRequest) -> HttpResponseBase | None:
    """As :func:`refusal`; it may read the session, which is a database's, so in a thread."""
    return await sync_to_async(refusal)(request) if _applies(request) else None


def _applies(request: HttpRequest) -> bool:
    """Whether the view is exempt only because a guard made it so."""
    if request.method in _SAFE or request.resolver_match is None or configuration().csrf_middleware is None:
        return False
    view = request.resolver_match.func
    return getattr(view, "csrf_exempt", False) is JUDGED_BY_GUARD and not _exempted_by_project(view)


def _exempted_by_project(view: Any) -> bool:
    """Whether ``csrf_exempt`` is around the guard: it then carries the guard's mark, as wrappers do."""
    while view is not None:
        if getattr(view, "__globals__", {}).get("__name__") == csrf_exempt.__module__:
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def _view(request: Any) -> None:
    """Stands for the view, but is not exempt."""
