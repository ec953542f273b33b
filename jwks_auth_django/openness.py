"""``@public``: the mark of views that are open on purpose."""

from __future__ import annotations

import functools
import inspect
from typing import TypeVar

from jwks_auth import ConfigurationError

__all__ = ["MARK", "public"]

MARK = "jwks_auth_public"
"""The attribute of what is marked; its value is the marked function or class, so that a copy proves nothing."""

Target = TypeVar("Target")


def public(view: Target) -> Target:
    """Mark a view as open on purpose: under ``JWKS_AUTH["REQUIRED"]`` nobody needs a token for it.

    For functions, classes, their handlers (``get``, ``list``), and operations of Django Ninja. A mark on a class is not
    inherited. A token that is sent is still judged, and a view's own guard still asks for what it asks.
    """
    if not (
        inspect.isfunction(view) or isinstance(view, type | functools.partial)
    ):  # method_decorator's partial
        raise ConfigurationError(f"@public marks a view or a class of views, found {view!r}")
    setattr(view, MARK, view)
    return view
