"""``LAZY``: a token is verified when something first asks who sends the request.

A refusal then surfaces inside a view, a template or another middleware. It is raised as ``PermissionDenied``,
which Django turns into an answer anywhere, and noted, so that the middleware puts the right answer in its place.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.asyncio import async_unsafe
from django.utils.functional import SimpleLazyObject

from jwks_auth import AuthError, KeySourceError, VerifiedToken
from jwks_auth.adapters import Requirement
from jwks_auth_django.authentication import asign_in, sender_of, sign_in

__all__ = ["may_wait", "postpone"]

# CSRF is judged before the view, and waived only for a token that verified: other methods can't wait.
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_IF_SENT = Requirement(optional=True)


def may_wait(request: HttpRequest) -> bool:
    """Whether nothing before the view needs to know who sends *request*."""
    return request.method in _SAFE


def postpone(request: HttpRequest) -> None:
    """Have *request*'s token verified when its user or token is first used."""
    state: dict[str, Any] = request.__dict__
    user = state["user"]
    auser = state.get("auser", functools.partial(_as_it_is, user))
    state["user"] = SimpleLazyObject(lambda: user if _signed_in(request) is None else sender_of(request).user)
    state["auser"] = functools.partial(_auser, request, auser)
    state["token"] = SimpleLazyObject(lambda: _signed_in(request))


async def _auser(request: HttpRequest, otherwise: Callable[[], Any]) -> Any:
    sender = sender_of(request)
    _refuse_again(sender.error)
    try:
        token = await asign_in(request, _IF_SENT)
    except (AuthError, KeySourceError) as error:
        sender.error = error
        raise PermissionDenied(error.description) from error
    return await otherwise() if token is None else sender.user


async def _as_it_is(user: Any) -> Any:
    """For a project whose own middleware gives requests a user, but no ``auser()``."""
    return user


@async_unsafe(
    "In an async view use `await request.auser()`: with LAZY, verifying the token may wait for keys."
)
def _signed_in(request: HttpRequest) -> VerifiedToken | None:
    sender = sender_of(request)
    _refuse_again(sender.error)
    try:
        return sign_in(request, _IF_SENT)
    except (AuthError, KeySourceError) as error:
        sender.error = error
        raise PermissionDenied(error.description) from error


def _refuse_again(error: Exception | None) -> None:
    if error is not None:
        raise PermissionDenied from error
