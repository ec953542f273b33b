"""Mistakes of order that leave views open: a guard above ``@app.route``, one below a cache, a setting made too late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, request
from flask.views import http_method_funcs

from jwks_auth.adapters import PREFIX, readers
from jwks_auth_flask.decorators import stamps_of
from jwks_auth_flask.evidence import cache_above
from jwks_auth_flask.guards import view_method
from jwks_auth_flask.internals import layers_of, served_by
from jwks_auth_flask.registered import all_apps, forget_wrapped, is_wrapped, note_app
from jwks_auth_flask.request_auth import EXTENSION, prefix_of

__all__ = ["LateSetting", "OrderGuard"]


class OrderGuard:
    """A ``before_request`` function that refuses views whose ``@require_jwt`` stands where it is not asked.

    Flask calls the bare view if that was registered first and guarded afterwards, although the decorator shows that a
    guard was meant; if the guarded view is registered too, both are served. A cache above a guard sends what it made
    for one token to everybody. It calls *arrange* before the first request, when the app's set-up has ended.
    """

    def __init__(self, app: Flask, arrange: Callable[[Flask], None]) -> None:
        self._in_order: set[tuple[str, int]] = set()
        self._arrange: Callable[[Flask], None] | None = arrange
        note_app(app)

    def __call__(self) -> None:
        """Raise ``RuntimeError`` for such a view; each view is examined once."""
        if self._arrange is not None:
            self._arrange(served_by())
            self._arrange = None
        rule = request.url_rule
        if rule is None:
            return
        view = current_app.view_functions[rule.endpoint]
        seen = (rule.endpoint, id(view))
        if seen not in self._in_order:
            _refuse_unguarded(view, rule.endpoint)
            _refuse_cached(view, rule.endpoint)
            self._in_order.add(seen)


def _refuse_unguarded(view: Any, endpoint: str) -> None:
    for app in all_apps():  # a view that is open here may be guarded in another app of this process
        _forget_guarded_in(app)
    if is_wrapped(view):
        raise RuntimeError(
            f"The view {endpoint!r} is registered without its @require_jwt, which stands above @app.route: "
            "put @app.route above @require_jwt. If it is to be open here, register public(view)"
        )


def _refuse_cached(view: Any, endpoint: str) -> None:
    for each in (view, *(view_method(view, method.upper()) for method in http_method_funcs)):
        cache = cache_above(each)
        if cache is not None:
            raise RuntimeError(
                f"The view {endpoint!r} has a cache ({cache}) above its @require_jwt: it would answer anybody with "
                "what it made for one token. Put the cache below @require_jwt, and name the token's subject in its "
                "key if the answer depends on it. In a list of decorators, the later ones stand above"
            )


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
