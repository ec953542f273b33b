"""Two mistakes of order that leave views open: ``@require_jwt`` above ``@app.route``, and a setting made too late."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, request

from jwks_auth.adapters import PREFIX, readers
from jwks_auth_flask.decorators import stamps_of
from jwks_auth_flask.internals import all_apps, forget_wrapped, is_wrapped, layers_of, note_app
from jwks_auth_flask.request_auth import EXTENSION, prefix_of

__all__ = ["LateSetting", "OrderGuard"]


class OrderGuard:
    """A ``before_request`` function that refuses a view which was registered first and guarded afterwards.

    Flask calls the bare view, without the guard, although the decorator shows that a guard was meant. If the guarded
    view is registered too, both are served.
    """

    def __init__(self, app: Flask) -> None:
        self._in_order: set[tuple[str, int]] = set()
        note_app(app)

    def __call__(self) -> None:
        """Raise ``RuntimeError`` for such a view; each view is examined once."""
        rule = request.url_rule
        if rule is None:
            return
        view = current_app.view_functions[rule.endpoint]
        seen = (rule.endpoint, id(view))
        if seen in self._in_order:
            return
        for app in all_apps():  # a view that is open here may be guarded in another app of this process
            _forget_guarded_in(app)
        if is_wrapped(view):
            raise RuntimeError(
                f"The view {rule.endpoint!r} is registered without its @require_jwt, which stands above @app.route: "
                "put @app.route above @require_jwt. If it is to be open here, register public(view)"
            )
        self._in_order.add(seen)


class LateSetting:
    """A ``before_request`` function in an app without ``REQUIRED``: it refuses all requests if that is set after all.

    ``init_app`` reads *setting* once, and would ignore a later value, and the setting of an instance that the app does
    not have.
    """

    def __init__(self, setting: str) -> None:
        self.setting = setting
        self._all_are_read = False

    def __call__(self) -> None:
        """Raise ``RuntimeError`` for a setting that is set too late, or that nothing reads."""
        config = current_app.config
        if _says_yes(config.get(self.setting)):
            raise RuntimeError(f"{self.setting} is set after init_app read the configuration: set it before")
        if self._all_are_read:
            return
        read = {prefix_of(name) + "REQUIRED" for name in current_app.extensions[EXTENSION]}
        for name in config:
            if name.endswith(f"{PREFIX}REQUIRED") and name not in read and _says_yes(config[name]):
                raise RuntimeError(f"{name} is set, but the app has no JWKSAuth that reads it")
        self._all_are_read = True


def _says_yes(value: Any) -> bool:
    try:
        return value is not None and readers.flag(value)
    except ValueError:
        return True


def _forget_guarded_in(app: Flask) -> None:
    for view in app.view_functions.values():
        for inside in layers_of(view):
            if len(stamps_of(view)) > len(stamps_of(inside)):
                forget_wrapped(inside)
