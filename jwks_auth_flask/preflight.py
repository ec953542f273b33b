"""CORS preflights carry no token, so guards let them be answered: by Flask or by Flask-CORS, and never by a view.

What a view or a decorator says of itself (``required_methods``, ``provide_automatic_options``) proves nothing: it may
run the view all the same. Where it is not certain who answers, a preflight needs a token like any request.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getclosurevars
from types import FunctionType
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.routing import Rule

__all__ = ["answers_options", "automatic_answer", "is_flasks", "place_of", "preflight_answer"]

CROSS_ORIGIN = "flask_cors.decorator"
PREFLIGHT = ("Origin", "Access-Control-Request-Method")


class _ViewReachedError(Exception):
    """Flask-CORS would have called the view."""


def answers_options(rule: Rule) -> bool:
    """Return whether Flask itself answers ``OPTIONS`` for *rule*, without the view."""
    return bool(getattr(rule, "provide_automatic_options", False))


def automatic_answer(app: Flask) -> Response | None:
    """Flask's own answer to ``OPTIONS``; ``None`` where its ``dispatch_request`` is sure to give it by itself."""
    return None if is_flasks(app.dispatch_request) else app.make_default_options_response()


def preflight_answer(view: Any) -> Response | None:
    """The answer of the ``@cross_origin`` around *view* to the preflight being served; the view does not run.

    ``None`` for any other request, and where Flask-CORS would leave the answer to the view.
    """
    if request.method != "OPTIONS" or not all(name in request.headers for name in PREFLIGHT):
        return None
    for layer in (*_layers(view), *_layers(_options_method())):
        if isinstance(layer, FunctionType) and place_of(layer) == CROSS_ORIGIN:
            answer = _answered(layer)
            if answer is not None:
                return answer
    return None


def is_flasks(function: Any) -> bool:
    """Return whether *function* is Flask's own, and not an override of an app's class or something put in its place."""
    return place_of(function) == Flask.__module__


def place_of(function: Any) -> str:
    """The module in which *function*, or the class of a callable object, was written.

    ``__module__`` says nothing of a function: it is among what ``functools.wraps`` copies.
    """
    place: dict[str, Any] = getattr(function, "__globals__", {})
    return str(place.get("__name__", type(function).__module__))


def _answered(layer: Any) -> Response | None:
    """Return the answer of the same ``@cross_origin`` around nothing, in the request, by its own rules."""
    options = getclosurevars(layer).nonlocals.get("_options")
    if options is None:
        return None

    def view() -> Response:
        raise _ViewReachedError

    try:
        answer: Response = layer.__globals__["cross_origin"](**options)(view)()
    except _ViewReachedError:
        return None
    return answer


def _layers(view: Any) -> Iterator[Any]:
    """A view and what its decorators have wrapped."""
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None)


def _options_method() -> Any:
    """The method that answers ``OPTIONS`` in the class-based view being served."""
    rule = request.url_rule
    view = None if rule is None else current_app.view_functions.get(rule.endpoint)
    return getattr(getattr(view, "view_class", None), "options", None)
