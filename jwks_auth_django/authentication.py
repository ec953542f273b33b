"""Authentication of a request: pass on its header, keep the result on the request, give it a user.

The middleware, the decorator, DRF and Ninja all use this module, so a request is verified once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext

from jwks_auth import AuthError, MissingTokenError, Policy, Refused, VerifiedToken
from jwks_auth.adapters import Authenticator, Memo, Rejection, private_value, vary_value
from jwks_auth_django.conf import Configuration
from jwks_auth_django.guards import Guard
from jwks_auth_django.senders import Sender, Senders, credentials, senders_of
from jwks_auth_django.signals import token_rejected, token_verified

__all__ = [
    "arefuse",
    "arejection_of",
    "asign_in",
    "finish",
    "refuse",
    "rejection_of",
    "sign_in",
]


def sign_in(request: HttpRequest, requirement: Guard) -> VerifiedToken | None:
    """Verify the request's token against *requirement* and give the request its user.

    Return ``None``, and leave the request unchanged, only if *requirement* is optional and no token was sent. Raises
    :class:`Refused`.
    """
    sender = _sender(request, requirement)
    if (known := sender.recalled(request, requirement)) is not None:
        return known
    config = _checked(sender.config, request, requirement)
    token = config.authenticator.authenticate(credentials(request), requirement)
    if token is not None and sender.is_new(token, requirement):
        user = config.backend.user_of(request, token)
        token_verified.send_robust(sender=type(user), request=request, token=token, user=user)
        sender.adopt(request, token, user)
    return token


async def asign_in(request: HttpRequest, requirement: Guard) -> VerifiedToken | None:
    """Do as :func:`sign_in`, on an event loop."""
    sender = _sender(request, requirement)
    if (known := sender.recalled(request, requirement)) is not None:
        return known
    config = _checked(sender.config, request, requirement)
    token = await config.authenticator.aauthenticate(credentials(request), requirement)
    if token is not None and sender.is_new(token, requirement):
        user = await config.backend.auser_of(request, token)
        await token_verified.asend_robust(sender=type(user), request=request, token=token, user=user)
        sender.adopt(request, token, user)
    return token


def rejection_of(request: HttpRequest, error: Refused, policies: Iterable[Policy] = ()) -> Rejection:
    """Return the answer to a refused request, for a framework with a body of its own; send the signal once.

    *policies* are those of the view that were not judged yet.
    """
    senders = senders_of(request)
    if _is_news(senders, error):
        token_rejected.send_robust(sender=type(error), request=request, code=error.code)
    return _translated(senders.latest.config.authenticator.rejection(error, credentials(request), policies))


async def arejection_of(request: HttpRequest, error: Refused, policies: Iterable[Policy] = ()) -> Rejection:
    """Do as :func:`rejection_of`, on an event loop."""
    senders = senders_of(request)
    if _is_news(senders, error):
        await token_rejected.asend_robust(sender=type(error), request=request, code=error.code)
    return _translated(senders.latest.config.authenticator.rejection(error, credentials(request), policies))


def _translated(rejection: Rejection) -> Rejection:
    """Return *rejection* with its description in the reader's language; codes and challenges stay as they are."""
    return replace(rejection, description=gettext(rejection.description))


def refuse(request: HttpRequest, error: Refused, policies: Iterable[Policy] = ()) -> HttpResponse:
    """The finished response to a refused request."""
    return _response(rejection_of(request, error, policies))


async def arefuse(request: HttpRequest, error: Refused, policies: Iterable[Policy] = ()) -> HttpResponse:
    """Do as :func:`refuse`, on an event loop."""
    return _response(await arejection_of(request, error, policies))


def finish(request: HttpRequest, response: Any) -> Any:
    """Return *response* with the headers that shared caches need, and those that a handler of a refusal left out.

    Each configuration that has judged the request adds its own.
    """
    if isinstance(response, HttpResponseBase):  # Django reports a view's mistaken result itself
        for sender in senders_of(request).all:
            _finish(request, response, sender.config.authenticator)
    return response


def _finish(request: HttpRequest, response: HttpResponseBase, authenticator: Authenticator) -> None:
    memo = Memo.on(request.META, authenticator)
    said = response.headers.get("Vary")
    response.headers["Vary"] = vary_value(() if said is None else (said,), authenticator.vary)
    said = response.headers.get("Cache-Control")
    if said is not None and memo.is_private:
        response.headers["Cache-Control"] = private_value((said,)) or said
    for name, value in memo.lost(response.status_code, response.headers.items()):
        before = response.headers.get(name)  # Django has one value of a name
        response.headers[name] = value if before is None else f"{before}, {value}"
    for name, value in memo.admission.headers if memo.admission else ():
        response.headers[name] = value


def _sender(request: HttpRequest, requirement: Guard) -> Sender:
    """Return the sender that the guard's configuration knows: that of its API, or of the request's."""
    senders = senders_of(request)
    found = senders.project
    return senders.of(found.chosen(request) if requirement.api is None else found.named(requirement.api))


def _checked(config: Configuration, request: HttpRequest, requirement: Guard) -> Configuration:
    if requirement.audience is not None and requirement.api is None:
        config.check_audience(requirement, request.path_info)
    return config


def _is_news(senders: Senders, error: Refused) -> bool:
    """Return whether the signal is to be sent."""
    first, senders.refused = not senders.refused, True
    return first and isinstance(error, AuthError) and not isinstance(error, MissingTokenError)


def _response(rejection: Rejection) -> HttpResponse:
    return HttpResponse(
        rejection.body, content_type=rejection.media_type, status=rejection.status, headers=rejection.fields
    )
