"""Django Ninja: ``@api.get("/orders", auth=JWTBearer(scopes="orders:read"))``, on sync and async operations.

In a list of several, the next one judges a request without a bearer token: ``auth=[JWTBearer(), django_auth]`` also
takes sessions, for which Ninja checks CSRF; ``auth=[JWTBearer(), lambda request: AnonymousUser()]`` admits anybody.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Unpack
from weakref import WeakSet

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.operation import Operation, PathView
from ninja.security.http import HttpAuthBase
from ninja.utils import check_csrf

from jwks_auth import ConfigurationError, MissingTokenError, Refused, VerifiedToken
from jwks_auth.adapters import RefusedRequest, Rejection, stand_for
from jwks_auth_django.authentication import arejection_of, asign_in, finish, rejection_of, sign_in
from jwks_auth_django.csrf import is_left_to_us
from jwks_auth_django.guards import GuardOptions, guard
from jwks_auth_django.internals import answers_of, enclosed, extend_operations, is_csrf_exempt
from jwks_auth_django.ninja_openapi import documented

__all__ = ["AsyncJWTBearer", "JWTBearer", "TokenRefused", "answer_refusals", "leave_alone"]

extend_operations(documented)

_finished: WeakSet[Any] = WeakSet()
"""Operations, and their functions, whose answers are finished."""


class TokenRefused(RefusedRequest, HttpError):
    """A request was refused for a bad or missing token."""

    def __init__(self, error: Refused, rejection: Rejection) -> None:
        super().__init__(rejection.status, rejection.description)
        stand_for(self, error, rejection)
        self.headers = rejection.fields


class JWTBearer(HttpAuthBase):
    """Takes what ``require_jwt`` takes; sets ``request.auth``, the token, and ``request.user``.

    The same object serves sync and async operations. OpenAPI documents scopes and refusals of each operation.
    """

    openapi_scheme = "bearer"

    def __init__(self, **asked: Unpack[GuardOptions]) -> None:
        self.requirement = guard(**asked)
        if self.requirement.optional:
            raise ConfigurationError("optional: in Ninja, list what follows: auth=[JWTBearer(), ...]")
        self.if_sent = replace(self.requirement, optional=True)
        super().__init__()
        self.is_async = True  # async operations then await the call; sync ones take either result

    def __call__(self, request: HttpRequest) -> Any:
        """The token, or ``None`` to let the next of several try; in an async operation, a coroutine of these.

        Raises :class:`TokenRefused`.
        """
        _finish_answers(request)
        return self._aadmitted(request) if _is_awaited(request) else self._admitted(request)

    def _admitted(self, request: HttpRequest) -> VerifiedToken | None:
        try:
            token = self._needed(request, sign_in(request, self.if_sent))
        except Refused as error:
            raise TokenRefused(error, rejection_of(request, error)) from error
        _check_csrf(request)
        return token

    async def _aadmitted(self, request: HttpRequest) -> VerifiedToken | None:
        try:
            token = self._needed(request, await asign_in(request, self.if_sent))
        except Refused as error:
            raise TokenRefused(error, await arejection_of(request, error)) from error
        if is_left_to_us(request):
            await sync_to_async(_check_csrf)(request)  # it may read the session from a database
        return token

    def _needed(self, request: HttpRequest, token: VerifiedToken | None) -> VerifiedToken | None:
        """Return *token*; ``None`` only if another authentication follows. Raises :class:`MissingTokenError`."""
        operation = _operation_of(request)
        if token is None and (operation is None or operation.auth_callbacks[-1] is self):
            raise MissingTokenError
        return token


AsyncJWTBearer = JWTBearer
"""The same class: one serves sync and async operations."""


def leave_alone(api: NinjaAPI) -> NinjaAPI:
    """Have ``LoginRequiredMiddleware`` leave *api* alone: ``path("api/", leave_alone(api).urls)``.

    The ``auth`` of each operation then decides alone; with ``auth=None`` anybody gets in. Ninja's pages about the API
    still ask for a login.
    """
    kind: Any = type(api)
    if not issubclass(kind, NinjaAPI):
        raise ConfigurationError(f"leave_alone: found {api!r}, expected a NinjaAPI, before its urls are read")
    if not issubclass(kind, _LeftAlone):
        fields = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
        api.__class__ = type(kind.__name__, (_LeftAlone, kind), fields)
    return api


class _LeftAlone:
    """An API whose operations ``LoginRequiredMiddleware`` ignores."""

    @property
    def urls(self) -> Any:
        """Ninja's URLs, which it makes anew each time."""
        urls: Any = super().urls  # type: ignore[misc]  # of the NinjaAPI it is mixed into
        for pattern in urls[0]:
            if _operations_in(pattern.callback):
                pattern.callback.login_required = False
        return urls


def _check_csrf(request: HttpRequest) -> None:
    """Check a token in a cookie as Ninja checks a session; ``csrf_exempt`` on the operation counts there too."""
    if is_left_to_us(request) and not is_csrf_exempt(request) and check_csrf(request) is not None:
        raise HttpError(403, "CSRF check Failed")


def answer_refusals(api: NinjaAPI) -> None:
    """Have *api* put the challenge, or ``Retry-After``, on its own answer to a refusal.

    This happens by itself for views in Ninja's URLs; call it for a Ninja view that another view wraps.
    """

    def answer(request: HttpRequest, error: Any) -> HttpResponse:
        plain = HttpError(error.status_code, error.message)  # for the API's own handler
        stand_for(plain, error.error, error.rejection)
        response = api.on_exception(request, plain)
        for name, value in error.headers.items():
            if name != "Vary":  # others may have set it too
                response[name] = value
        answered: HttpResponse = finish(request, response)
        return answered

    api.add_exception_handler(TokenRefused, answer)


def _finish_answers(request: HttpRequest) -> None:
    """Have Ninja's answers to results and errors finished where no middleware does.

    The methods that make them are replaced once for each operation.
    """
    operation = _operation_of(request)
    if operation is None or operation in _finished:
        return
    _finished.add(operation)
    answer_refusals(operation.api)
    for owner, name in answers_of(operation):
        make = getattr(owner, name)
        if make not in _finished:
            setattr(owner, name, finished := _finishing(make))
            _finished.add(finished)


def _finishing(make: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(make):

        async def afinished(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return finish(request, await make(request, *args, **kwargs))

        return afinished

    def finished(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return finish(request, make(request, *args, **kwargs))

    return finished


def _operation_of(request: HttpRequest) -> Operation | None:
    """Return Ninja's operation, from the view that encloses it, because an authentication is not passed it."""
    match = getattr(request, "resolver_match", None)  # the clients of Ninja 1.5 resolve nothing
    operations = _operations_in(match.func) if match else ()
    return next((operation for operation in operations if request.method in operation.methods), None)


@functools.lru_cache(maxsize=1024)
def _operations_in(view: Any) -> tuple[Operation, ...]:
    found = enclosed(inspect.unwrap(view))
    return tuple(o for each in found if isinstance(each, PathView) for o in each.operations)


def _is_awaited(request: HttpRequest) -> bool:
    """Return whether Ninja awaits the authentication: in async operations, but in no sync ones."""
    operation = _operation_of(request)
    if operation is not None:
        return operation.is_async
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
