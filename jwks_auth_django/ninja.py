"""Django Ninja: ``@api.get("/orders", auth=JWTBearer(scopes="orders:read"))``; ``AsyncJWTBearer`` for async views.

In a list of several, a request without a bearer token is left to the next: ``auth=[JWTBearer(), django_auth]``
takes sessions too, which Ninja protects against forgery, and ``auth=[JWTBearer(), lambda request: AnonymousUser()]``
anybody.
"""

from __future__ import annotations

import inspect
from typing import Any, Unpack

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.operation import Operation, PathView
from ninja.security.http import HttpAuthBase

from jwks_auth import AuthError, ConfigurationError, KeySourceError, MissingTokenError, VerifiedToken
from jwks_auth.adapters import Rejection, Requirement, RequirementOptions
from jwks_auth_django.authentication import arejection_of, asign_in, rejection_of, sign_in, vary
from jwks_auth_django.conf import configuration

__all__ = ["AsyncJWTBearer", "JWTBearer", "TokenRefused", "answer_refusals"]


class TokenRefused(HttpError):
    """A request refused for its token, or for want of one."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.status, rejection.description)
        self.headers = dict(rejection.headers)


class _Bearer(HttpAuthBase):
    """What both have in common: the requirement, its place in OpenAPI, and where a refusal is answered."""

    openapi_scheme = "bearer"
    openapi_bearerFormat = "JWT"

    def __init__(self, **asked: Unpack[RequirementOptions]) -> None:
        self.requirement = Requirement.of(**asked)
        if self.requirement.optional:
            raise ConfigurationError("optional: in Ninja, list what follows: auth=[JWTBearer(), ...]")
        super().__init__()

    def leaves_to_next(self, request: HttpRequest, error: AuthError | KeySourceError) -> bool:
        """Whether nothing was sent, and another way to authenticate follows this one."""
        operation = _operation_of(request)
        if operation is None:
            return False
        answer_refusals(operation.api)
        return isinstance(error, MissingTokenError) and operation.auth_callbacks[-1] is not self


class JWTBearer(_Bearer):
    """Takes what ``require_jwt`` takes; sets ``request.auth``, the token, and ``request.user``."""

    def __call__(self, request: HttpRequest) -> VerifiedToken | None:
        """The token, or ``None`` to let the next of several try. Raises :class:`TokenRefused`."""
        try:
            return sign_in(request, self.requirement)
        except (AuthError, KeySourceError) as error:
            if self.leaves_to_next(request, error):
                return None
            raise TokenRefused(rejection_of(request, error)) from error


class AsyncJWTBearer(_Bearer):
    """As :class:`JWTBearer`, for async views; Ninja runs it in sync views too."""

    def __init__(self, **asked: Unpack[RequirementOptions]) -> None:
        super().__init__(**asked)
        self.is_async = True

    async def __call__(self, request: HttpRequest) -> VerifiedToken | None:
        """The token, or ``None`` to let the next of several try. Raises :class:`TokenRefused`."""
        try:
            return await asign_in(request, self.requirement)
        except (AuthError, KeySourceError) as error:
            if self.leaves_to_next(request, error):
                return None
            raise TokenRefused(await arejection_of(request, error)) from error


def answer_refusals(api: NinjaAPI) -> None:
    """Have *api* put the challenge, or ``Retry-After``, on its own answer to a refusal.

    Done by itself for views that Ninja's URLs lead to; call it where a view of Ninja's is wrapped in another.
    """

    def answer(request: HttpRequest, error: Any) -> HttpResponse:
        response = api.on_exception(request, HttpError(error.status_code, error.message))
        for name, value in error.headers.items():
            response[name] = value
        vary(response, configuration().header)
        return response

    api.add_exception_handler(TokenRefused, answer)


def _operation_of(request: HttpRequest) -> Operation | None:
    """Ninja's operation; an authentication is told neither it nor its API, but the view encloses both."""
    function = request.resolver_match and inspect.unwrap(request.resolver_match.func)
    enclosed = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    found = (o for view in enclosed if isinstance(view, PathView) for o in view.operations)
    return next((operation for operation in found if request.method in operation.methods), None)
