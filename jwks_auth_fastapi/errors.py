"""Refusals as ``HTTPException`` subclasses, which every handler of FastAPI and Starlette answers correctly.

FastAPI's own handler gives ``{"detail": ...}``; :func:`install_error_handlers`, the body that all adapters share.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from starlette.applications import Starlette
from starlette.exceptions import WebSocketException
from starlette.requests import HTTPConnection
from starlette.responses import Response

from jwks_auth import ConfigurationError, Refused
from jwks_auth.adapters import POLICY_VIOLATION, ErrorBody, RefusedRequest, Rejection, stand_for

if TYPE_CHECKING:
    from starlette.exceptions import HTTPException
else:
    try:  # so that a handler for FastAPI's answers too
        from fastapi import HTTPException
    except ImportError:  # pragma: no cover - Starlette alone, in an environment of its own
        from starlette.exceptions import HTTPException

__all__ = [
    "BadCredentials",
    "Forbidden",
    "KeysUnavailable",
    "RequestRejected",
    "Unauthorized",
    "WebSocketRejected",
    "body_of",
    "handler_of",
    "install_error_handlers",
    "rejection_response",
    "request_rejected",
]

_BODY = "__jwks_auth_body__"


class RequestRejected(RefusedRequest, HTTPException):
    """A request was refused. ``reason`` is a stable word for what is wrong, ``status`` (``status_code``) HTTP's,
    ``error`` the core's exception, a :class:`~jwks_auth.Refused`, and ``rejection`` the finished answer.

    In ``headers`` several values of one name are joined by commas, so that a handler loses none of them.
    """

    def __init__(self, error: Refused, rejection: Rejection) -> None:
        super().__init__(rejection.status, rejection.description, rejection.fields)
        stand_for(self, error, rejection)


class WebSocketRejected(RefusedRequest, WebSocketException):
    """A WebSocket was refused, by a server that can't send an answer before it accepts: closed with 1008.

    ``reason``, a stable word for what is wrong, is also the reason in the close frame.
    """

    def __init__(self, error: Refused, rejection: Rejection) -> None:
        super().__init__(POLICY_VIOLATION)
        stand_for(self, error, rejection)


class BadCredentials(RequestRejected):
    """400: the credentials can't be read, or there is more than one set of them."""


class Unauthorized(RequestRejected):
    """401: no token, or a bad one."""


class Forbidden(RequestRejected):
    """403: a valid token that does not allow this request."""


class KeysUnavailable(RequestRejected):
    """503: the token can't be judged, because the issuer's keys can't be fetched. It is not the client's fault."""


_BY_STATUS: dict[int, type[RequestRejected]] = {
    400: BadCredentials,
    401: Unauthorized,
    403: Forbidden,
    503: KeysUnavailable,
}


def request_rejected(error: Refused, rejection: Rejection) -> RequestRejected:
    """Return the exception for a finished answer."""
    # A custom AuthError may have another status.
    return _BY_STATUS.get(rejection.status, RequestRejected)(error, rejection)


def rejection_response(rejection: Rejection, body: ErrorBody | None = None) -> Response:
    """Return the finished answer as a response, with the body of the settings, or with *body*."""
    finished = rejection if body is None else replace(rejection, form=body)
    response = Response(finished.body, finished.status, media_type=finished.media_type)
    for name, value in finished.headers:
        response.headers.append(name, value)
    return response


def install_error_handlers(app: Starlette, body: ErrorBody | None = None) -> None:
    """Answer refusals as the setting ``ERROR_BODY`` says, or with *body*: RFC 6750's, or problem details (RFC 9457).

    This applies to all of *app*, except mounted applications, which have handlers of their own.
    """
    if body not in (None, *get_args(ErrorBody)):
        raise ConfigurationError(f"body {body!r}: expected one of {', '.join(get_args(ErrorBody))}")

    async def answer(conn: HTTPConnection, exc: Exception) -> Response:
        assert isinstance(exc, RequestRejected)  # noqa: S101 - the handler is registered for this class
        return rejection_response(exc.rejection, body)

    setattr(answer, _BODY, (body,))
    app.add_exception_handler(RequestRejected, answer)


def handler_of(app: Starlette) -> object:
    """Return the handler of *app* that answers refusals; ``None`` without one."""
    handlers = app.exception_handlers
    return next((handlers[kind] for kind in RequestRejected.__mro__ if kind in handlers), None)


def body_of(handler: object, settled: ErrorBody) -> ErrorBody | None:
    """Return the body that *handler* makes if :func:`install_error_handlers` has installed it; *settled* by default."""
    chosen: tuple[ErrorBody | None] | None = getattr(handler, _BODY, None)
    return None if chosen is None else chosen[0] or settled
