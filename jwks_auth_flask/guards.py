"""Guards on whole blueprints and apps, which run before the view."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response

from jwks_auth.adapters import Requirement
from jwks_auth_flask import evidence
from jwks_auth_flask.decorators import PUBLIC, stamps_of
from jwks_auth_flask.internals import (
    answers_options,
    calls_methods_by_name,
    class_of,
    is_flasks,
    method_of,
    served_by,
    served_request,
)
from jwks_auth_flask.preflight import automatic_answer, preflight_answer
from jwks_auth_flask.request_auth import request_auth_of

__all__ = [
    "AppGuard",
    "DefaultGuard",
    "Guard",
    "blueprints_of",
    "is_public",
    "is_static",
    "view_method",
]


class Guard:
    """A ``before_request`` function of a blueprint, nested ones included; ``@public`` views are exempt.

    Requests that run no view pass too: unknown URLs, wrong methods, and CORS preflights, which have no token. Flask
    answers a preflight, or the guard does with the answer of the ``@cross_origin`` around the view.
    """

    def __init__(self, instance: str, requirement: Requirement, blueprint: Blueprint | None = None) -> None:
        self.instance = instance
        self.requirement = requirement
        self.blueprint = blueprint

    def __call__(self) -> Response | None:
        """Refuse the current request by raising; returning nothing lets Flask go on."""
        current = served_request()
        rule, method = current.url_rule, current.method
        if rule is None:
            return None
        app = served_by()
        if method == "OPTIONS" and answers_options(rule):
            return automatic_answer(app)
        view = app.view_functions[rule.endpoint]
        auth = request_auth_of(self.instance)
        # Marks are read once: they are part of an app's set-up, which ends with its first request.
        key = (self, rule.endpoint, id(view), method)
        if key not in auth.decisions:
            auth.decisions[key] = self.asks(app, rule.endpoint, method)
        asked = auth.decisions[key]
        answer = None if asked is None else preflight_answer(view)
        if asked is not None and answer is None:
            auth.admit(asked)
        return answer

    def asks(self, app: Flask, endpoint: str, method: str) -> Requirement | None:
        """Return the requirement for *method* on *endpoint*; ``None`` if it needs no token."""
        return None if is_public(app, endpoint, method, within=self.blueprint) else self.requirement


class AppGuard(Guard):
    """A guard on an app. Static files are exempt: a page's styles are fetched without a token."""

    def asks(self, app: Flask, endpoint: str, method: str) -> Requirement | None:
        """Return the requirement as for a blueprint; ``None`` for static files."""
        return None if is_static(app, endpoint) else super().asks(app, endpoint, method)


class DefaultGuard(AppGuard):
    """The guard of ``JWKS_AUTH_REQUIRED``, for views without a requirement; ``optional=True`` is one."""

    def asks(self, app: Flask, endpoint: str, method: str) -> Requirement | None:
        """Return the requirement: what the view, or its method, surely asks by itself, or else a valid token."""
        asked = super().asks(app, endpoint, method)
        view = app.view_functions[endpoint]
        sure = [each for each in (view_method(view, method), view) if evidence.doubt_about(each) is None]
        stamps = [stamp for each in sure for stamp in stamps_of(each)]
        own = [stamp.requirement for stamp in stamps if stamp.instance == self.instance]
        if asked is None or not own:
            return asked
        return next((each for each in own if each.optional), own[-1])  # the outermost, which is asked first


def is_public(app: Flask, endpoint: str, method: str, *, within: Blueprint | None = None) -> bool:
    """Return whether the view, its class, the class's method for *method*, or a blueprint is marked ``public``.

    Only blueprints inside *within* count: the mark exempts from guards around a blueprint, not from its own. A class's
    mark is not inherited.
    """
    view = app.view_functions[endpoint]
    own = vars(class_of(view) or object)
    around = [app.blueprints[name] for name in blueprints_of(endpoint) if name in app.blueprints]
    inside = around[around.index(within) + 1 :] if within in around else around
    marked = any(evidence.is_public(each) for each in (view, view_method(view, method)))
    return marked or PUBLIC in own or any(hasattr(each, PUBLIC) for each in inside)


def blueprints_of(endpoint: str) -> list[str]:
    """``"a.b.view"`` -> ``["a", "a.b"]``: the blueprints around an endpoint, the outermost first."""
    parts = endpoint.split(".")[:-1]
    return [".".join(parts[: at + 1]) for at in range(len(parts))]


def view_method(view: Any, method: str) -> Any:
    """Return the function for *method* in a view that calls methods by their names; ``None`` for other views."""
    if not calls_methods_by_name(view):
        return None
    found = method_of(class_of(view), method.lower())
    return method_of(class_of(view), "get") if found is None and method == "HEAD" else found


def is_static(app: Flask, endpoint: str) -> bool:
    """Return whether *endpoint* is Flask's own for a static folder, not a view with the same name."""
    owner, _, name = endpoint.rpartition(".")
    scaffold = app.blueprints.get(owner) if owner else app
    if name != "static" or scaffold is None or not scaffold.has_static_folder:
        return False
    view = app.view_functions.get(endpoint)
    return is_flasks(view) if scaffold is app else view == scaffold.send_static_file  # type: ignore[union-attr]
