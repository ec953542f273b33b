"""The private parts of Flask, Flask-CORS and Python itself: each use of them in this package, with its reason.

Seen in Flask 3.1, Werkzeug 3.1, Flask-CORS 6.0 and Python 3.11 to 3.13. Every further use belongs here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from inspect import getclosurevars
from types import FunctionType
from typing import Any
from weakref import WeakSet

from flask import Flask, Request, Response, current_app, request
from flask.views import MethodView
from werkzeug.routing import Rule

__all__ = [
    "all_apps",
    "answer_of_cross_origin",
    "answers_options",
    "ask_first",
    "before_request_of",
    "calls_methods_by_name",
    "class_of",
    "finish_last",
    "forget_wrapped",
    "http_error_handlers",
    "is_cross_origin",
    "is_flasks",
    "is_wrapped",
    "layers_of",
    "name_of",
    "note_app",
    "note_wrapped",
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


# Views that were registered before they were guarded. Flask does not tell a decorator, so the two sets below are the
# only state of this package outside an app. A mark on the view would not do: functools.wraps would copy it to a correct
# one. The sets are for all apps, because a view that is open in one app may be guarded in another.

_wrapped: WeakSet[Any] = WeakSet()
_apps: WeakSet[Flask] = WeakSet()


def note_wrapped(view: Any) -> None:
    """Note that ``require_jwt`` wrapped *view* and all its layers, and that no app is known to have the guard."""
    for each in layers_of(view):
        with suppress(TypeError):  # a callable object that can't be hashed or weakly referred to
            _wrapped.add(each)


def forget_wrapped(view: Any) -> None:
    """Forget that *view* was wrapped: an app has the guard around it."""
    with suppress(TypeError):
        _wrapped.discard(view)


def is_wrapped(view: Any) -> bool:
    """Return whether ``require_jwt`` wrapped *view* and no app is known to have the guard around it."""
    with suppress(TypeError):
        return view in _wrapped
    return False


def note_app(app: Flask) -> None:
    """Note that *app* has guards."""
    _apps.add(app)


def all_apps() -> tuple[Flask, ...]:
    """Return every app of this process that has guards."""
    return tuple(_apps)
