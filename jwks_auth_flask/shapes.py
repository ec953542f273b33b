"""Refusals in the forms of frameworks based on Flask, with the reason in their bodies."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from jwks_auth_flask.errors import AuthRejected
from jwks_auth_flask.internals import http_error_handlers

__all__ = ["keep_the_reason"]


def keep_the_reason(app: Flask) -> None:
    """Keep the reason of refusals in an APIFlask app, which would show the status alone.

    flask-smorest, Flask-RESTful and Flask-RESTX read it from ``AuthRejected.data``.
    """
    apiflask = sys.modules.get("apiflask")  # already imported, if the app is an APIFlask
    if apiflask is not None and isinstance(app, apiflask.APIFlask):
        http_error_handlers(app).setdefault(AuthRejected, partial(_answered, app, apiflask))


def _answered(app: Any, apiflask: Any, error: AuthRejected) -> Any:
    general = _general_handler(app)
    if general is None:
        return error
    if getattr(general, "__module__", None) != apiflask.APIFlask.__module__:
        return app.ensure_sync(general)(error)  # the app's own handler, which Flask would have called
    rejection = error.rejection
    detailed = apiflask.HTTPError(
        rejection.status, rejection.description, rejection.document, Headers(list(rejection.headers))
    )
    return app.error_callback(detailed)


def _general_handler(app: Flask) -> Callable[[Any], Any] | None:
    """Return the app's handler for any HTTP error: APIFlask's, unless the app registered one."""
    handlers = http_error_handlers(app)
    return next((handlers[each] for each in HTTPException.__mro__ if each in handlers), None)
