"""Headers for shared caches on the answers of guarded views."""

from __future__ import annotations

from flask import Flask, Response, current_app, request

from jwks_auth.adapters import Memo, finished_headers
from jwks_auth_flask.admissions import admissions_of
from jwks_auth_flask.internals import finish_last, served_by, served_request
from jwks_auth_flask.request_auth import EXTENSION, RequestAuth
from jwks_auth_flask.routes import EVERY_METHOD, protection_of

__all__ = ["Finisher", "finish_answers"]


def finish_answers(app: Flask) -> None:
    """Have *app* finish the answers of all guarded routes, also those of hooks and error handlers."""
    finish_last(app, Finisher())


class Finisher:
    """An ``after_request`` function: adds ``Vary``, and makes answers to one sender private.

    If an answer is made before a guard runs, to a preflight or by a hook, the marks on the route show whether it is
    guarded.
    """

    def __init__(self) -> None:
        self._guarded: dict[object, bool] = {}

    def __call__(self, response: Response) -> Response:
        """Return the answer. An optional view's answer to a request without a token stays shared."""
        seen = admissions_of(served_request()).by_auth
        instances: dict[str, RequestAuth] = current_app.extensions[EXTENSION]
        for auth in seen or (instances.values() if self._is_guarded() else ()):
            Memo.on(request.environ, auth.authenticator)  # so that the answer names the headers it depends on
        response.headers[:] = finished_headers(request.environ, response.headers, response.status_code)
        return response

    def _is_guarded(self) -> bool:
        """Return whether the route, or for ``OPTIONS`` one of its methods, requires or takes a token."""
        rule, method = request.url_rule, request.method
        if rule is None:
            return False
        app = served_by()
        # Marks are read once: they are part of an app's set-up, which ends with its first request.
        one = method in EVERY_METHOD and method != "OPTIONS"
        key = (id(rule), id(app.view_functions.get(rule.endpoint)), method if one else None)
        if key not in self._guarded:
            methods = (method,) if one else rule.methods or EVERY_METHOD
            self._guarded[key] = any(protection_of(app, rule, each).requirements for each in methods)
        return self._guarded[key]
