"""Authentication of a request: pass on its header, keep the result on the request, give it a user.

The middleware, the decorator, DRF and Ninja all use this module, so a request is verified once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from jwks_auth import AuthError, MissingTokenError, Policy, Refused, VerifiedToken
from jwks_auth.adapters import Credentials, Memo, Rejection, Requirement, private_value, vary_value
from jwks_auth_django.conf import Configuration, configuration
from jwks_auth_django.internals import adopt, keep_out_of_cache
from jwks_auth_django.signals import token_rejected, token_verified

__all__ = [
    "Sender",
    "arefuse",
    "arejection_of",
    "asign_in",
    "finish",
    "refuse",
    "rejection_of",
    "sender_of",
    "sign_in",
]


class Sender:
    """The state of a request's authentication, kept on the request."""

    __slots__ = ("is_for_us", "refused", "token", "user")

    def __init__(self) -> None:
        self.token: VerifiedToken | None = None
        self.user: Any = None
        self.refused = False
        self.is_for_us = False  # for the settings' audience; a route's own is not that of other routes

    async def auser(self) -> Any:
        """Return the user, for ``await request.auser()``."""
        return self.user

    def recalled(self, request: HttpRequest, requirement: Requirement) -> VerifiedToken | None:
        """Return the token accepted before if it was for the same audience, judged again by the rest."""
        if self.token is None or not self.is_for_us or requirement.audience is not None:
            return None
        configuration().authenticator.judge(self.token, requirement, _credentials(request))
        return self.token

    def is_new(self, token: VerifiedToken, requirement: Requirement) -> bool:
        """Return whether *token*, just accepted, has no user yet."""
        self.is_for_us |= requirement.audience is None
        return token is not self.token

    def adopt(self, request: HttpRequest, token: VerifiedToken, user: Any) -> None:
        """Make *user* the request's."""
        self.token, self.user = token, user
        request.__dict__["token"] = token
        adopt(request, user, self.auser)
        keep_out_of_cache(request)


def sender_of(request: HttpRequest) -> Sender:
    """Return the state kept on *request*."""
    sender: Sender | None = request.__dict__.get("_jwks_auth")
    if sender is None:
        sender = request.__dict__["_jwks_auth"] = Sender()
        request.__dict__.setdefault("token", None)
    return sender


def sign_in(request: HttpRequest, requirement: Requirement) -> VerifiedToken | None:
    """Verify the request's token against *requirement* and give the request its user.

    Return ``None``, and leave the request unchanged, only if *requirement* is optional and no token was sent. Raises
    :class:`Refused`.
    """
    sender = sender_of(request)
    if (known := sender.recalled(request, requirement)) is not None:
        return known
    config = _configuration_for(request, requirement)
    token = config.authenticator.authenticate(_credentials(request), requirement)
    if token is not None and sender.is_new(token, requirement):
        user = config.backend.user_of(request, token)
        token_verified.send_robust(sender=type(user), request=request, token=token, user=user)
        sender.adopt(request, token, user)
    return token


async def asign_in(request: HttpRequest, requirement: Requirement) -> VerifiedToken | None:
    """Do as :func:`sign_in`, on an event loop."""
    sender = sender_of(request)
    if (known := sender.recalled(request, requirement)) is not None:
        return known
    config = _configuration_for(request, requirement)
    token = await config.authenticator.aauthenticate(_credentials(request), requirement)
    if token is not None and sender.is_new(token, requirement):
        user = await config.backend.auser_of(request, token)
        await token_verified.asend_robust(sender=type(user), request=request, token=token, user=user)
        sender.adopt(request, token, user)
    return token


def rejection_of(request: HttpRequest, error: Refused, policies: Iterable[Policy] = ()) -> Rejection:
    """Return the answer to a refused request, for a framework with a body of its own; send the signal once.

    *policies* are those of the view that were not judged yet.
    """
    sender = sender_of(request)
    if _is_news(sender, error):
        token_rejected.send_robust(sender=type(error), request=request, code=error.code)
    return configuration().authenticator.rejection(error, _credentials(request), policies)


async def arejection_of(request: HttpRequest, error: Refused, policies: Iterable[Policy] = ()) -> Rejection:
    """Do as :func:`rejection_of`, on an event loop."""
    sender = sender_of(request)
    if _is_news(sender, error):
        await token_rejected.asend_robust(sender=type(error), request=request, code=error.code)
    return configuration().authenticator.rejection(error, _credentials(request), policies)


def refuse(request: HttpRequest, error: Refused, policies: Iterable[Policy] = ()) -> HttpResponse:
    """The finished response to a refused request."""
    return _response(rejection_of(request, error, policies))


async def arefuse(request: HttpRequest, error: Refused, policies: Iterable[Policy] = ()) -> HttpResponse:
    """Do as :func:`refuse`, on an event loop."""
    return _response(await arejection_of(request, error, policies))


def finish(request: HttpRequest, response: Any) -> Any:
    """Return *response* with the headers that shared caches need, and those that a handler of a refusal left out."""
    if not isinstance(response, HttpResponseBase):
        return response  # Django reports a view's mistaken result itself
    authenticator = configuration().authenticator
    memo = Memo.on(request.META, authenticator)
    said = response.headers.get("Vary")
    response.headers["Vary"] = vary_value(() if said is None else (said,), authenticator.vary)
    said = response.headers.get("Cache-Control")
    if said is not None and memo.is_private:
        response.headers["Cache-Control"] = private_value((said,)) or said
    lost = memo.lost(response.status_code, response.headers.items())
    for name, value in (*lost, *(memo.admission.headers if memo.admission else ())):
        response.headers[name] = value
    return response


def _configuration_for(request: HttpRequest, requirement: Requirement) -> Configuration:
    config = configuration()
    if requirement.audience is not None:
        config.check_audience(requirement, request.path_info)
    return config


def _credentials(request: HttpRequest) -> Credentials:
    return Credentials.from_wsgi(request.META, url=request.build_absolute_uri)


def _is_news(sender: Sender, error: Refused) -> bool:
    """Return whether the signal is to be sent."""
    first, sender.refused = not sender.refused, True
    return first and isinstance(error, AuthError) and not isinstance(error, MissingTokenError)


def _response(rejection: Rejection) -> HttpResponse:
    return HttpResponse(
        rejection.body, content_type="application/json", status=rejection.status, headers=rejection.fields
    )
