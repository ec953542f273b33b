"""Guards on whole blueprints and apps, asked before the view runs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Request, Response, current_app, request
from flask.views import MethodView

from jwks_auth.adapters import Requirement
from jwks_auth_flask import evidence
from jwks_auth_flask.decorators import PUBLIC, stamps_of
from jwks_auth_flask.gate import gate_of
from jwks_auth_flask.preflight import answers_options, automatic_answer, is_flasks, preflight_answer

__all__ = [
    "AppGuard",
    "DefaultGuard",
    "Guard",
    "blueprints_of",
    "is_public",
    "is_static",
    "view_method",
]

OPTIONAL = Requirement(optional=True)


class Guard:
    """A ``before_request`` function of a blueprint, nested ones included; ``@public`` views are exempt.

    What runs no view passes too: unknown URLs, wrong methods, and CORS preflights, to which browsers attach
    no token: those that Flask answers, and those that ``@cross_origin`` does, whose answer is given here.
    """

    def __init__(self, gate: str, requirement: Requirement, blueprint: Blueprint | None = None) -> None:
        self.gate = gate
        self.requirement = requirement
        self.blueprint = blueprint

    def __call__(self) -> Response | None:
        """Refuse the current request by raising; returning nothing lets Flask go on."""
        current: Request = request._get_current_object()  # type: ignore[attr-defined]
        rule, method = current.url_rule, current.method
        if rule is None:
            return None
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        if method == "OPTIONS" and answers_options(rule):
            return automatic_answer(app)
        view = app.view_functions[rule.endpoint]
        gate = gate_of(self.gate)
        # Marks are read once: they are part of an app's set-up, which ends with its first request.
        key = (self, rule.endpoint, id(view), method)
        if key not in gate.decisions:
            gate.decisions[key] = self.asks(app, rule.endpoint, method)
        asked = gate.decisions[key]
        answer = None if asked is None else preflight_answer(view)
        if asked is not None and answer is None:
            gate.admit(asked)
        return answer

    def asks(self, app: Flask, endpoint: str, method: str) -> Requirement | None:
        """Return the requirement for *method* on *endpoint*; ``None`` where it needs no token."""
        return None if is_public(app, endpoint, method, within=self.blueprint) else self.requirement


class AppGuard(Guard):
    """A guard on an app. Static files are exempt: a page's styles are fetched without a token."""

    def asks(self, app: Flask, endpoint: str, method: str) -> Requirement | None:
        """As for a blueprint, but nothing for static files."""
        return None if is_static(app, endpoint) else super().asks(app, endpoint, method)


class DefaultGuard(AppGuard):
    """``JWKS_AUTH_REQUIRED``: for views that say nothing themselves; ``optional=True`` says something."""

    def asks(self, app: Flask, endpoint: str, method: str) -> Requirement | None:
        """A good token; only if one was sent, where the view itself, or its method, declares it optional."""
        asked = super().asks(app, endpoint, method)
        view = app.view_functions[endpoint]
        sure = [each for each in (view, view_method(view, method)) if evidence.doubt_about(each) is None]
        stamps = [stamp for each in sure for stamp in stamps_of(each)]
        optional = any(stamp.requirement.optional for stamp in stamps if stamp.gate == self.gate)
        return OPTIONAL if asked is not None and optional else asked


def is_public(app: Flask, endpoint: str, method: str, *, within: Blueprint | None = None) -> bool:
    """Return whether the view, its class, the class's method for *method*, or a blueprint is marked ``public``.

    Of blueprints only those inside *within* count: the mark lifts guards around a blueprint, not its own. The
    mark of a class is its own: a view that inherits from a public one says so itself.
    """
    view = app.view_functions[endpoint]
    own = vars(getattr(view, "view_class", object))
    around = [app.blueprints[name] for name in blueprints_of(endpoint) if name in app.blueprints]
    inside = around[around.index(within) + 1 :] if within in around else around
    marked = any(evidence.is_public(each) for each in (view, view_method(view, method)))
    return marked or PUBLIC in own or any(hasattr(each, PUBLIC) for each in inside)


def blueprints_of(endpoint: str) -> list[str]:
    """``"a.b.view"`` -> ``["a", "a.b"]``: the blueprints around an endpoint, the outermost first."""
    parts = endpoint.split(".")[:-1]
    return [".".join(parts[: at + 1]) for at in range(len(parts))]


def view_method(view: Any, method: str) -> Any:
    """The function that answers *method* in a view that calls methods by their names; ``None`` for other views."""
    view_class = getattr(view, "view_class", None)
    if not (isinstance(view_class, type) and issubclass(view_class, MethodView)):
        return None
    found = getattr(view_class, method.lower(), None)
    return getattr(view_class, "get", None) if found is None and method == "HEAD" else found


def is_static(app: Flask, endpoint: str) -> bool:
    """Return whether *endpoint* is what Flask made for a static folder, not a view that happens to be called so."""
    owner, _, name = endpoint.rpartition(".")
    scaffold = app.blueprints.get(owner) if owner else app
    if name != "static" or scaffold is None or not scaffold.has_static_folder:
        return False
    view = app.view_functions.get(endpoint)
    return is_flasks(view) if scaffold is app else view == scaffold.send_static_file  # type: ignore[union-attr]
