"""Arrangements with what stands beside the extension in an app, made on the first request, when all of it is there."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from jwks_auth import VerifiedToken
from jwks_auth_flask.internals import ask_before_session, behind, loader_of_requests

__all__ = ["arrange"]

NOT_JSON = (
    "A token is no JSON document. Choose from it, as in jsonify(sub=current_token.subject), or send all its claims: "
    "jsonify(current_token.payload)"
)


def arrange(app: Flask, extension: type) -> None:
    """Have Flask-Login ask for a token before the session, and have ``jsonify`` take ``current_user``.

    Flask-Login is linked with this extension if the loader of its requests is a method of an *extension*.
    """
    manager = getattr(app, "login_manager", None)
    if isinstance(getattr(loader_of_requests(manager), "__self__", None), extension):
        ask_before_session(manager)
    if isinstance(app.json, DefaultJSONProvider):
        app.json.default = partial(_jsonable, app.json.default)


def _jsonable(default: Any, value: Any) -> Any:
    """Return the object behind a proxy, and what *default* makes of any other; a token is refused with the reason."""
    value, given = behind(value), value
    if isinstance(value, VerifiedToken):
        raise TypeError(NOT_JSON)
    return default(value) if value is given else value
