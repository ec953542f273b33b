"""Modules of the user's, and objects in them: whatever they raise is one sentence that holds none of their words."""

from __future__ import annotations

import os
import runpy
import sys
import traceback
from collections.abc import Callable
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

from jwks_auth.challenge import brief, named
from jwks_auth.command.call import UsageError
from jwks_auth.errors import ConfigurationError

__all__ = ["called", "imported", "named_in", "run_file"]

ResultT = TypeVar("ResultT")

_NOTHING = object()


def imported(name: str, label: str) -> ModuleType:
    """Return the module *name*, which may stand in the current folder; raise ``UsageError``, after *label*."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return _called(lambda: import_module(name), f"{label}: importing {brief(name)}")
    except ModuleNotFoundError as error:
        missing = error.name or name
        if name == missing or name.startswith(f"{missing}."):
            raise UsageError(f"{label}: there is no module {brief(name)} here") from None
        raise UsageError(f"{label}: {brief(name)} imports {brief(missing)}, which is not installed") from None


def named_in(module: ModuleType, path: str, label: str) -> Any:
    """Return what *path* names in *module*: attributes, and a factory's result if parentheses follow it."""
    attributes, parentheses, _ = path.partition("()")
    found: Any = module
    for each in attributes.split("."):
        found = called(partial(getattr, found, each, _NOTHING), f"{label}: reading {brief(attributes)}")
        if found is _NOTHING:
            raise UsageError(f"{label}: {brief(module.__name__)} has no {named(each[:40])}")
    return called(found, f"{label}: calling {brief(attributes)}()") if parentheses else found


def run_file(path: str, label: str) -> dict[str, Any]:
    """Return the names that a file of Python defines; raise ``UsageError``."""
    try:
        return _called(lambda: runpy.run_path(os.path.abspath(path)), f"{label}: running {brief(path)}")
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{label}: {brief(path)} imports {brief(error.name or '')}, which is not installed"
        ) from None


def called(function: Callable[[], ResultT], doing: str) -> ResultT:
    """Return the result of the user's *function*; raise ``UsageError``, after what it was *doing*, for any error."""
    try:
        return _called(function, doing)
    except ModuleNotFoundError as error:
        raise UsageError(f"{doing}: {brief(error.name or '')} is not installed") from None


def _called(function: Callable[[], ResultT], doing: str) -> ResultT:
    try:
        return function()
    except (ModuleNotFoundError, UsageError, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001  the code is the user's, which may raise anything
        raise UsageError(_failed(doing, error)) from None


def _failed(doing: str, error: BaseException) -> str:
    """Return the reason without the error's own words, which may hold a secret, unless they are ours."""
    if isinstance(error, SyntaxError):
        return f"{doing}: SyntaxError in {os.path.relpath(error.filename or '')}, line {error.lineno}"
    if isinstance(error, OSError):
        return f"{doing}: {(error.strerror or type(error).__name__).lower()}"
    told = str(error) if isinstance(error, ConfigurationError) else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(os.getcwd())]
    return (
        doing
        + f": {told}"
        + (f", at {os.path.relpath(own[-1].filename)}, line {own[-1].lineno}" if own else "")
    )
