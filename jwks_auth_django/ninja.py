"""Django Ninja: ``@api.get("/orders", auth=JWTBearer(scopes="orders:read"))``; ``AsyncJWTBearer`` for async views.

In a list of several, the next one judges a request without a bearer token: ``auth=[JWTBearer(), django_auth]`` also
takes sessions, for which Ninja checks CSRF; ``auth=[JWTBearer(), lambda request: AnonymousUser()]`` admits anybody.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Unpack
from weakref import WeakSet

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.operation import Operation, PathView
from ninja.security.http import HttpAuthBase

from jwks_auth import ConfigurationError, MissingTokenError, Refused, VerifiedToken
from jwks_auth.adapters import Rejection, Requirement, RequirementOptions
from jwks_auth_django.authentication import arejection_of, asign_in, finish, rejection_of, sign_in
from jwks_auth_django.internals import answers_of, enclosed

__all__ = ["AsyncJWTBearer", "JWTBearer", "TokenRefused", "answer_refusals"]

_finished: WeakSet[Any] = WeakSet()
"""Operations, and their functions, whose answers are finished."""


class TokenRefused(HttpError):
    """A request was refused for a bad or missing token."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.status, rejection.description)
        self.headers = rejection.fields


class _Bearer(HttpAuthBase):
    """The common part: the requirement, its place in OpenAPI, and the answer to a refusal."""

    openapi_scheme = "bearer"
    openapi_bearerFormat = "JWT"

    def __init__(self, **asked: Unpack[RequirementOptions]) -> None:
        self.requirement = Requirement.of(**asked)
        if self.requirement.optional:
            raise ConfigurationError("optional: in Ninja, list what follows: auth=[JWTBearer(), ...]")
        self.if_sent = replace(self.requirement, optional=True)
        super().__init__()

    def needed(self, request: HttpRequest, token: VerifiedToken | None) -> VerifiedToken | None:
        """Return *token*; ``None`` only if another authentication follows. Raises :class:`MissingTokenError`."""
        operation = _operation_of(request)
        if token is None and (operation is None or operation.auth_callbacks[-1] is self):
            raise MissingTokenError
        return token


class JWTBearer(_Bearer):
    """Takes what ``require_jwt`` takes; sets ``request.auth``, the token, and ``request.user``."""

    def __call__(self, request: HttpRequest) -> VerifiedToken | None:
        """The token, or ``None`` to let the next of several try. Raises :class:`TokenRefused`."""
        _finish_answers(request)
        try:
            return self.needed(request, sign_in(request, self.if_sent))
        except Refused as error:
            raise TokenRefused(rejection_of(request, error)) from error


class AsyncJWTBearer(_Bearer):
    """Do as :class:`JWTBearer`, for async views; Ninja runs it in sync views too."""

    def __init__(self, **asked: Unpack[RequirementOptions]) -> None:
        super().__init__(**asked)
        self.is_async = True

    async def __call__(self, request: HttpRequest) -> VerifiedToken | None:
        """The token, or ``None`` to let the next of several try. Raises :class:`TokenRefused`."""
        _finish_answers(request)
        try:
            return self.needed(request, await asign_in(request, self.if_sent))
        except Refused as error:
            raise TokenRefused(await arejection_of(request, error)) from error


def answer_refusals(api: NinjaAPI) -> None:
    """Have *api* put the challenge, or ``Retry-After``, on its own answer to a refusal.

    This happens by itself for views in Ninja's URLs; call it for a Ninja view that another view wraps.
    """

    def answer(request: HttpRequest, error: Any) -> HttpResponse:
        response = api.on_exception(request, HttpError(error.status_code, error.message))
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
    operations = _operations_in(request.resolver_match.func) if request.resolver_match else ()
    return next((operation for operation in operations if request.method in operation.methods), None)


@functools.lru_cache(maxsize=1024)
def _operations_in(view: Any) -> tuple[Operation, ...]:
    found = enclosed(inspect.unwrap(view))
    return tuple(o for each in found if isinstance(each, PathView) for o in each.operations)
