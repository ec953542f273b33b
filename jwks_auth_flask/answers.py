"""Headers for shared caches on the answers of guarded views."""

from __future__ import annotations

from flask import Flask, Response, request

from jwks_auth.adapters import private_value, vary_value
from jwks_auth_flask.admissions import admissions_of

__all__ = ["finish_answers", "finished"]


def finish_answers(app: Flask) -> None:
    """Have *app* finish the answers to all requests that a gate looked at, whoever makes them."""
    # The first of the list runs last: other hooks may still say that an answer is public.
    app.after_request_funcs.setdefault(None, []).insert(0, finished)


def finished(response: Response) -> Response:
    """The answer, with ``Vary``, and not for shared caches unless it is what an optional view tells anybody."""
    seen = admissions_of(request._get_current_object())  # type: ignore[attr-defined]
    if not seen.by_gate:
        return response
    headers = response.headers
    names = [name for gate in seen.by_gate for name in gate.authenticator.vary]
    headers["Vary"] = vary_value(headers.getlist("Vary"), list(dict.fromkeys(names)))
    if seen.refused or seen.latest is not None:
        private = private_value(headers.getlist("Cache-Control"))
        if private is not None:
            headers["Cache-Control"] = private
    return response
