"""CORS preflights have no token, so guards let Flask or Flask-CORS answer them, but never a view.

Attributes of a view or a decorator (``required_methods``, ``provide_automatic_options``) prove nothing: the view may
run all the same. If it is uncertain which code answers, a preflight needs a token like any request.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, request

from jwks_auth_flask.internals import answer_of_cross_origin, class_of, is_cross_origin, is_flasks, layers_of

__all__ = ["automatic_answer", "preflight_answer"]

PREFLIGHT = ("Origin", "Access-Control-Request-Method")


def automatic_answer(app: Flask) -> Response | None:
    """Return Flask's own answer to ``OPTIONS``; ``None`` if its ``dispatch_request`` is sure to give it by itself."""
    return None if is_flasks(app.dispatch_request) else app.make_default_options_response()


def preflight_answer(view: Any) -> Response | None:
    """Return the answer of the ``@cross_origin`` around *view* to the current preflight, without running the view.

    Return ``None`` for any other request, and if Flask-CORS would leave the answer to the view.
    """
    if request.method != "OPTIONS" or not all(name in request.headers for name in PREFLIGHT):
        return None
    for layer in (*layers_of(view), *layers_of(_options_method())):
        if is_cross_origin(layer):
            answer = answer_of_cross_origin(layer)
            if answer is not None:
                return answer
    return None


def _options_method() -> Any:
    """The method that answers ``OPTIONS`` in the class-based view being served."""
    rule = request.url_rule
    view = None if rule is None else current_app.view_functions.get(rule.endpoint)
    return getattr(class_of(view), "options", None)
