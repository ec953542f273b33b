"""The private parts of Flask, its extensions and Python itself: each use of them in this package, with its reason.

Seen in Flask 3.1, Werkzeug 3.1, Flask-CORS 6.0, Flask-Login 0.6, Flask-RESTX 1.3, Flask-RESTful 0.3 and Python 3.11
to 3.13. Every further use belongs here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import reduce
from inspect import getclosurevars
from types import FunctionType, MethodType
from typing import Any

from flask import Flask, Request, Response, current_app, request
from flask.views import MethodView
from werkzeug.exceptions import HTTPException
from werkzeug.local import LocalProxy
from werkzeug.routing import Rule

__all__ = [
    "answer_of_cross_origin",
    "answers_options",
    "ask_before_session",
    "ask_first",
    "before_request_of",
    "behind",
    "calls_methods_by_name",
    "class_of",
    "finish_last",
    "handler_of_http_errors",
    "http_error_handlers",
    "is_cache",
    "is_cross_origin",
    "is_flasks",
    "layers_of",
    "loader_of_requests",
    "method_of",
    "name_of",
    "place_of",
    "references_of",
    "served_by",
    "served_request",
]


# The objects behind Flask's proxies. The sender of signals is the app itself, and values kept on a request must be on
# the request itself, not on a proxy.


def served_request() -> Request:
    """Return the request that is being served."""
    current: Request = request._get_current_object()  # type: ignore[attr-defined]
    return current


def served_by() -> Flask:
    """Return the app that serves it."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


def behind(value: Any) -> Any:
    """Return the object behind *value*, if that is a proxy of Flask's, Flask-Login's or this package's."""
    return value._get_current_object() if type(value) is LocalProxy else value


# The tables of hooks and handlers on an app: Flask has methods to add to them, but none to read them.


def before_request_of(app: Flask, blueprint: str | None) -> list[Any]:
    """Return the ``before_request`` functions of a blueprint, or those of *app*: for lists of routes."""
    return app.before_request_funcs.get(blueprint, [])


def ask_first(app: Flask, answer: Callable[[], Response | None]) -> None:
    """Have *answer* asked before every other ``before_request`` function of *app*, which may want a token."""
    app.before_request_funcs.setdefault(None, []).insert(0, answer)


def finish_last(app: Flask, finish: Callable[[Response], Response]) -> None:
    """Have *finish* run after every other ``after_request`` function, because those may make an answer public.

    Flask runs the first of the list last.
    """
    app.after_request_funcs.setdefault(None, []).insert(0, finish)


def http_error_handlers(app: Flask) -> dict[Any, Callable[[Any], Any]]:
    """Return the table of *app*'s handlers for any exception, in which APIFlask has its own."""
    return app.error_handler_spec[None][None]


def handler_of_http_errors(app: Flask) -> Any:
    """Return *app*'s handler for all HTTP errors, without a trace in the table, or ``None``."""
    return app.error_handler_spec.get(None, {}).get(None, {}).get(HTTPException)


# Routes and views: the attributes that Flask leaves on them.


def answers_options(rule: Rule) -> bool:
    """Return whether Flask itself answers ``OPTIONS`` for *rule*, without the view; the rule has a flag for it."""
    return bool(getattr(rule, "provide_automatic_options", False))


def class_of(view: Any) -> Any:
    """Return the class that ``as_view`` made *view* of, from the function's attribute, or ``None``."""
    return getattr(view, "view_class", None)


def calls_methods_by_name(view: Any) -> bool:
    """Return whether *view* was made of a ``MethodView``, whose methods have the names of HTTP methods."""
    view_class = class_of(view)
    return isinstance(view_class, type) and issubclass(view_class, MethodView)


DISPATCHERS = frozenset({MethodView.__module__, "flask_restful", "flask_restx.resource"})
"""Modules whose ``dispatch_request`` calls the method of a class that a request names."""


def method_of(view_class: Any, name: str) -> Any:
    """Return what answers in *view_class* for the method *name*, within its ``method_decorators``; or ``None``.

    Flask-RESTful and Flask-RESTX apply these to the method on each request, so that they are on no view.
    """
    method = getattr(view_class, name, None)
    listed = getattr(view_class, "method_decorators", None)
    if (
        method is None
        or not listed
        or place_of(view_class.dispatch_request) not in DISPATCHERS - {"flask.views"}
    ):
        return method
    chosen = listed.get(name, ()) if isinstance(listed, Mapping) else listed
    with suppress(Exception):  # a decorator that needs the request: nobody can tell what it asks
        # Bound as on a request: a function may be an open view elsewhere, which no decorator here is to mark.
        return reduce(lambda inner, decorate: decorate(inner), chosen, MethodType(method, view_class))
    return method


def is_flasks(function: Any) -> bool:
    """Return whether *function* is Flask's own, and not an override in an app's class or on the app."""
    return place_of(function) == Flask.__module__


# Functions as Python keeps them. functools.wraps copies marks, but not the code's module, name and references.


def place_of(function: Any) -> str:
    """Return the module in which *function*, or the class of a callable object, was written.

    A function's ``__module__`` does not show it, because ``functools.wraps`` copies that.
    """
    place: dict[str, Any] = getattr(function, "__globals__", {})
    return str(place.get("__name__", type(function).__module__))


def name_of(function: Any) -> str:
    """Return the name in *function*'s code, not one that ``functools.wraps`` copied to it."""
    code = getattr(function, "__code__", None)
    return str(getattr(code, "co_qualname", type(function).__name__))


CACHES = (
    {"aiocache", "async_lru", "asyncache", "beaker", "cachebox", "cachetools", "cashews", "diskcache", "dogpile"}
    | {"flask_cache", "flask_caching", "joblib", "methodtools", "theine"}
)  # fmt: skip
"""Packages whose decorators may answer without calling the function that they wrap."""


def is_cache(layer: Any) -> bool:
    """Return whether *layer* of a view may answer from a cache: it is such a package's, or ``cache_clear`` is its own.

    ``functools.wraps`` copies that function upwards, so a layer is asked whether the one below it has the same.
    """
    place, below = place_of(layer), getattr(layer, "__wrapped__", None)
    clear = getattr(layer, "cache_clear", None)
    own = clear is not None and clear is not getattr(below, "cache_clear", None)
    return own or place.partition(".")[0] in CACHES


def layers_of(view: Any) -> Iterator[Any]:
    """Yield *view* and the functions that its decorators wrap, as far as ``functools.wraps`` shows."""
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None)


def references_of(view: Any) -> Iterator[Any]:
    """Yield the objects that *view* could call: all its references but the ``__wrapped__`` of ``functools.wraps``."""
    for cell in getattr(view, "__closure__", None) or ():
        with suppress(ValueError):  # not filled yet
            yield cell.cell_contents
    yield from getattr(view, "__defaults__", None) or ()
    yield from (getattr(view, "__kwdefaults__", None) or {}).values()
    yield from (value for name, value in getattr(view, "__dict__", {}).items() if name != "__wrapped__")


# Flask-CORS answers preflights in a decorator around the view; its options are only in the closure.


def is_cross_origin(layer: Any) -> bool:
    """Return whether *layer* of a view is a function of ``@cross_origin``."""
    return isinstance(layer, FunctionType) and place_of(layer) == "flask_cors.decorator"


def answer_of_cross_origin(layer: Any) -> Response | None:
    """Return the answer of the same ``@cross_origin`` to the current request, without the view.

    Return ``None`` if it would call the view.
    """
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


class _ViewReachedError(Exception):
    """Flask-CORS would have called the view."""


# Flask-Login asks the loader of requests only if the session has no user, so a bad token would be overlooked.


def loader_of_requests(manager: Any) -> Any:
    """Return the function that was registered with Flask-Login's ``request_loader``, or ``None``."""
    return getattr(manager, "_request_callback", None)


def ask_before_session(manager: Any) -> None:
    """Have Flask-Login take the user of the request, if there is one, before that of its session or cookie."""
    if "_load_user" in vars(manager):  # arranged by another app that shares it
        return
    from_session = manager._load_user

    def load() -> None:
        user = manager._load_user_from_request(request)
        if user is None:
            from_session()
        else:
            manager._update_request_context_with_user(user)

    manager._load_user = load
