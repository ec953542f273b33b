"""Views that were registered before they were guarded, and the apps that may hold them.

Flask does not tell a decorator of them, so the two sets below are the only state of this package outside an app. A mark
on the view would not do: ``functools.wraps`` would copy it to a correct one. The sets are for all apps, because a view
that is open in one app may be guarded in another.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from weakref import WeakSet

from flask import Flask

from jwks_auth_flask.internals import layers_of

__all__ = ["all_apps", "forget_wrapped", "is_wrapped", "note_app", "note_wrapped"]

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
