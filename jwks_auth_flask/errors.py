"""The one exception that this extension raises for a request, in the form that Flask's error handlers expect."""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import BadRequest, Forbidden, HTTPException, ServiceUnavailable, Unauthorized

from jwks_auth import Refused
from jwks_auth.adapters import RefusedRequest, Rejection, stand_for

__all__ = ["AuthRejected", "rejected"]


class AuthRejected(RefusedRequest, HTTPException):
    """A request was refused: 400, 401, 403, or 503 while no keys can be fetched.

    ``reason`` is a stable word for what is wrong, ``status`` (and Werkzeug's ``code``) HTTP's, ``error`` the core's
    exception, ``rejection`` the finished answer. An error handler for this class, for the status or for
    ``HTTPException`` may answer in its own words; the challenge is added to its answer if that has the same status.
    ``data`` is the reason in webargs' place, for the handlers of flask-smorest, Flask-RESTful and Flask-RESTX.
    """

    data: dict[str, Any]

    def get_headers(self, environ: Any = None, scope: Any = None) -> list[tuple[str, str]]:
        """The challenge (or ``Retry-After``) and the type of the body."""
        return [("Content-Type", self.rejection.media_type), *self.rejection.headers]

    def get_body(self, environ: Any = None, scope: Any = None) -> str:
        """``{"error", "error_description"}``, both constants; or problem details, as ``JWKS_AUTH_ERROR_BODY`` says."""
        return self.rejection.body.decode()


# Flask looks for a status code's handler among the bases of the exception's class: each status has its own.
class _Malformed(AuthRejected, BadRequest):
    pass


class _Unauthorized(AuthRejected, Unauthorized):
    pass


class _Forbidden(AuthRejected, Forbidden):
    pass


class _Unavailable(AuthRejected, ServiceUnavailable):
    pass


_BY_STATUS: dict[int, type[AuthRejected]] = {
    400: _Malformed,
    401: _Unauthorized,
    403: _Forbidden,
    503: _Unavailable,
}


def rejected(error: Refused, rejection: Rejection) -> AuthRejected:
    """The exception for *rejection*, to be raised while the request is served."""
    exception = _BY_STATUS.get(rejection.status, AuthRejected)(rejection.description)
    exception.code = rejection.status
    stand_for(exception, error, rejection)
    exception.data = {"message": rejection.description, "errors": rejection.document}
    return exception
