"""What protects each route, read off decorators and guards: for ``flask jwks routes`` and OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.routing import Rule

from jwks_auth.adapters import Requirement
from jwks_auth_flask.decorators import stamps_of
from jwks_auth_flask.guards import Guard, blueprints_of, is_public, is_static, view_method
from jwks_auth_flask.preflight import answers_options

__all__ = ["Protection", "protection_of", "protections"]


class Protection(NamedTuple):
    """What is asked of a request for *method* on *rule*: everything in *requirements*.

    *guard* says so for people: also that a route is ``"public"`` or ``"static"``; ``None`` if nobody decided.
    """

    rule: Rule
    method: str
    requirements: tuple[Requirement, ...]
    guard: str | None


def protections(app: Flask) -> Iterator[Protection]:
    """Every route and method of *app* that runs a view."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        automatic = {"HEAD", "OPTIONS"} if answers_options(rule) else {"HEAD"}
        for method in sorted((rule.methods or set()) - automatic):
            yield protection_of(app, rule, method)


def protection_of(app: Flask, rule: Rule, method: str) -> Protection:
    """What protects *method* on *rule*."""
    view = app.view_functions[rule.endpoint]
    asked = (*_guarding(app, rule.endpoint, method), *_declared(view, method))
    guard = " and ".join(str(each) for each in asked) or _open(app, rule.endpoint, method)
    return Protection(rule, method, asked, guard)


def _guarding(app: Flask, endpoint: str, method: str) -> Iterator[Requirement]:
    for name in (None, *blueprints_of(endpoint)):
        guards = (each for each in app.before_request_funcs.get(name, ()) if isinstance(each, Guard))
        yield from (asked for each in guards if (asked := each.asks(app, endpoint, method)) is not None)


def _declared(view: Any, method: str) -> Iterator[Requirement]:
    for each in (view, view_method(view, method)):
        yield from (stamp.requirement for stamp in stamps_of(each))


def _open(app: Flask, endpoint: str, method: str) -> str | None:
    if is_public(app, endpoint, method):
        return "public"
    return "static" if is_static(app, endpoint) else None
