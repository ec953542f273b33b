"""The protection of each route, read from decorators and guards, for ``flask jwks routes`` and OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from flask import Flask, request
from flask.views import http_method_funcs
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect, Rule

from jwks_auth import Policy
from jwks_auth.adapters import Requirement
from jwks_auth_flask.decorators import Stamp, stamps_of
from jwks_auth_flask.evidence import calls_method, doubt_about, doubt_about_guards
from jwks_auth_flask.guards import Guard, blueprints_of, is_public, is_static, view_method
from jwks_auth_flask.internals import answers_options, before_request_of, class_of, served_by

__all__ = ["Protection", "asked_at", "policies_asked", "protection_of", "protections"]

EVERY_METHOD = frozenset(method.upper() for method in http_method_funcs)
"""The methods of a rule that names none."""


class Protection(NamedTuple):
    """The protection of *method* on *rule*: all of *requirements*.

    *guard* is the same in words, or ``"public"`` or ``"static"``; ``None`` if there is no decision. *doubt* is a reason
    why the view may run without its guard.
    """

    rule: Rule
    method: str
    requirements: tuple[Requirement, ...]
    guard: str | None
    doubt: str | None = None


def protections(app: Flask) -> Iterator[Protection]:
    """Every route and method of *app* that runs a view."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view_class = class_of(app.view_functions.get(rule.endpoint))
        for method in sorted(rule.methods or EVERY_METHOD):
            if not _is_like_another(rule, method, view_class):
                yield protection_of(app, rule, method)


def protection_of(app: Flask, rule: Rule, method: str) -> Protection:
    """Return the protection of *method* on *rule*."""
    view = app.view_functions.get(rule.endpoint)
    if view is None:
        return Protection(rule, method, (), None, "it has no view")
    around, declared = tuple(_guarding(app, rule.endpoint, method)), tuple(_declared(view, method))
    doubt = (doubt_about_guards(app) if around else None) or (_doubt(view, method) if declared else None)
    asked = tuple(dict.fromkeys((*around, *declared)))  # JWKS_AUTH_REQUIRED asks what the view does
    guard = " and ".join(str(each) for each in asked) or _open(app, rule.endpoint, method)
    return Protection(rule, method, asked, guard, doubt)


def asked_at(app: Flask, route: str, method: str) -> dict[str, tuple[Requirement, ...]] | None:
    """Return what each instance asks of *method* at *route*: a path, a rule as it is written, or an endpoint's name.

    ``None`` where nothing is there.
    """
    for rule in app.url_map.iter_rules():
        if route in (rule.rule, rule.endpoint) and method in (rule.methods or EVERY_METHOD):
            return _asked(app, rule, method)
    try:
        matched, _ = app.url_map.bind("localhost").match(route, method, return_rule=True)
    except (NotFound, MethodNotAllowed, RequestRedirect):
        return None
    return _asked(app, matched, method)


def _asked(app: Flask, rule: Rule, method: str) -> dict[str, tuple[Requirement, ...]]:
    found: dict[str, dict[Requirement, None]] = {}
    for guard, requirement in _guards(app, rule.endpoint, method):
        found.setdefault(guard.instance, {})[requirement] = None
    for stamp in _stamps(app.view_functions.get(rule.endpoint), method):
        found.setdefault(stamp.instance, {})[stamp.requirement] = None
    return {instance: tuple(asked) for instance, asked in found.items()}


def policies_asked(instance: str) -> Iterator[Policy]:
    """The policies that guards of *instance* have for the request being served."""
    app, rule, method = served_by(), request.url_rule, request.method
    if rule is None:
        return
    view = app.view_functions.get(rule.endpoint)
    for guard, requirement in _guards(app, rule.endpoint, method):
        if guard.instance == instance and requirement.policy is not None:
            yield requirement.policy
    for stamp in _stamps(view, method):
        if stamp.instance == instance and stamp.requirement.policy is not None:
            yield stamp.requirement.policy


def _is_like_another(rule: Rule, method: str, view_class: Any) -> bool:
    """Return whether Flask answers *method* itself, or as it does ``GET``."""
    if method == "HEAD":
        return "GET" in (rule.methods or EVERY_METHOD) and not hasattr(view_class, "head")
    return method == "OPTIONS" and answers_options(rule)


def _guarding(app: Flask, endpoint: str, method: str) -> Iterator[Requirement]:
    return (asked for _, asked in _guards(app, endpoint, method))


def _guards(app: Flask, endpoint: str, method: str) -> Iterator[tuple[Guard, Requirement]]:
    for name in (None, *blueprints_of(endpoint)):
        for each in before_request_of(app, name):
            if isinstance(each, Guard) and (asked := each.asks(app, endpoint, method)) is not None:
                yield each, asked


def _declared(view: Any, method: str) -> Iterator[Requirement]:
    return (stamp.requirement for stamp in _stamps(view, method))


def _stamps(view: Any, method: str) -> Iterator[Stamp]:
    for each in (view, view_method(view, method)):
        yield from stamps_of(each)


def _doubt(view: Any, method: str) -> str | None:
    answering = view_method(view, method)
    if stamps_of(answering) and not calls_method(view):
        return f"{class_of(view).__name__} is marked as guarded at {method.lower()}, which it may not call"
    return doubt_about(view) or doubt_about(answering)


def _open(app: Flask, endpoint: str, method: str) -> str | None:
    if is_public(app, endpoint, method):
        return "public"
    return "static" if is_static(app, endpoint) else None
