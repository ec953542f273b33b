"""Headers for shared caches on the answers of guarded views."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, request

from jwks_auth.adapters import private_value, vary_value
from jwks_auth_flask.admissions import Admissions, admissions_of
from jwks_auth_flask.gate import EXTENSION
from jwks_auth_flask.routes import EVERY_METHOD, protection_of

__all__ = ["Finisher", "finish_answers"]


def finish_answers(app: Flask) -> None:
    """Have *app* finish the answers of all guarded routes, whoever makes them."""
    # The first of the list runs last: other hooks may still say that an answer is public.
    app.after_request_funcs.setdefault(None, []).insert(0, Finisher())


class Finisher:
    """An ``after_request`` function: adds ``Vary``, and makes private what is for one sender.

    A preflight's answer, or that of a hook before ours, asked no gate; whether its route is guarded says its marks.
    """

    def __init__(self) -> None:
        self._guarded: dict[object, bool] = {}

    def __call__(self, response: Response) -> Response:
        """The answer; it stays shared if it is what an optional view tells anybody."""
        seen = admissions_of(request._get_current_object())  # type: ignore[attr-defined]
        if not seen.by_gate and not self._is_guarded():
            return response
        headers = response.headers
        headers["Vary"] = vary_value(headers.getlist("Vary"), _names(seen))
        if seen.refused or seen.latest is not None:
            private = private_value(headers.getlist("Cache-Control"))
            if private is not None:
                headers["Cache-Control"] = private
        return response

    def _is_guarded(self) -> bool:
        """Return whether the route, or for ``OPTIONS`` one of its methods, asks for a token that may be optional."""
        rule, method = request.url_rule, request.method
        if rule is None:
            return False
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        # Marks are read once: they are part of an app's set-up, which ends with its first request.
        one = method in EVERY_METHOD and method != "OPTIONS"
        key = (id(rule), id(app.view_functions.get(rule.endpoint)), method if one else None)
        if key not in self._guarded:
            methods = (method,) if one else rule.methods or EVERY_METHOD
            self._guarded[key] = any(protection_of(app, rule, each).requirements for each in methods)
        return self._guarded[key]


def _names(seen: Admissions) -> list[str]:
    gates: dict[str, Any] = current_app.extensions[EXTENSION]
    asked = seen.by_gate or gates.values()
    return list(dict.fromkeys(name for gate in asked for name in gate.authenticator.vary))
