"""The app that ``--app`` names: it is imported, and its authenticator is found by the adapter of its framework.

No framework is imported here: an object of Flask's has brought Flask along.
"""

from __future__ import annotations

import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from jwks_auth.challenge import brief, named
from jwks_auth.cli import Service
from jwks_auth.command.call import Judge, Place, UsageError
from jwks_auth.errors import ConfigurationError
from jwks_auth.request import Authenticator

__all__ = ["place_of", "place_of_app"]

_EXPECTED = "expected MODULE:NAME, as in main:app or main:auth"
_ADAPTERS = {
    "jwks_auth_fastapi": "jwks_auth_fastapi",
    "fastapi": "jwks_auth_fastapi",
    "starlette": "jwks_auth_fastapi",
    "jwks_auth_flask": "jwks_auth_flask",
    "flask": "jwks_auth_flask",
    "jwks_auth_django": "jwks_auth_django",
    "django": "jwks_auth_django",
}
"""The adapter for an object, by the package of its class or of one of that class's bases."""

_MOST_LAYERS = 20


class OneService(Place):
    """An object of the core, or one that carries an authenticator."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def services(self, options: Namespace) -> Mapping[str, Service]:
        """Return it."""
        return {"": self._service}

    def judges(self, options: Namespace) -> Mapping[str, Judge]:
        """Return it alone, as its routes are not known."""
        if options.route is not None:
            raise UsageError("--route needs the app itself: this object knows no routes")
        return {"": Judge(self._service)}


def place_of_app(path: str) -> Place:
    """Return the place that *path* names; raise ``UsageError``."""
    module, colon, name = path.partition(":")
    if not module or not colon or not name:
        raise UsageError(f"--app: found {brief(path)}, {_EXPECTED}")
    return place_of(_named_in(_imported(module), name, path), path)


def place_of(found: Any, path: str) -> Place:
    """Return the place for an app, an authenticator or a verifier; raise ``UsageError``."""
    layer = found
    for _ in range(_MOST_LAYERS):
        if (place := _place(layer)) is not None:
            return place
        layer = getattr(layer, "app", None) or getattr(layer, "wsgi_app", None)
    raise UsageError(
        f"--app: {brief(path)} is a {type(found).__name__}, expected an app of Django, Flask, FastAPI or Starlette, "
        "or what authenticates in one"
    )


def _place(found: Any) -> Place | None:
    if isinstance(found, Authenticator):
        return OneService(found)
    packages = [base.__module__.partition(".")[0] for base in type(found).__mro__]
    adapter = next((_ADAPTERS[package] for package in packages if package in _ADAPTERS), None)
    if adapter is not None:
        place: Place | None = import_module(f"{adapter}.command").place_of(found)
        if place is not None:
            return place
    carried = getattr(found, "authenticator", None)
    if isinstance(carried, Authenticator):
        return OneService(carried)
    return OneService(Authenticator(found)) if _is_verifier(found) else None


def _is_verifier(found: Any) -> bool:
    return callable(getattr(found, "verify_any_audience", None)) and hasattr(found, "issuers")


def _imported(name: str) -> ModuleType:
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        if name == missing or name.startswith(f"{missing}."):
            raise UsageError(f"--app: there is no module {brief(name)} here, {_EXPECTED}") from None
        raise UsageError(f"--app: {brief(name)} imports {brief(missing)}, which is not installed") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001  the module is the user's
        raise UsageError(_failed(f"importing {brief(name)}", error)) from None


def _named_in(module: ModuleType, path: str, whole: str) -> Any:
    """Return what *path* names in *module*: attributes, and a factory if parentheses follow it."""
    attributes, parentheses, _ = path.partition("()")
    found: Any = module
    for each in attributes.split("."):
        try:
            found = getattr(found, each)
        except AttributeError:
            raise UsageError(
                f"--app: {brief(module.__name__)} has no {named(each[:40])}, {_EXPECTED}"
            ) from None
    if not parentheses:
        return found
    try:
        return found()
    except (Exception, SystemExit) as error:  # noqa: BLE001  the factory is the user's
        raise UsageError(_failed(f"calling {brief(whole)}", error)) from None


def _failed(doing: str, error: BaseException) -> str:
    """Return the reason without the error's own words, which may hold a secret, unless they are ours."""
    told = str(error) if isinstance(error, ConfigurationError) else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(os.getcwd())]
    if isinstance(error, SyntaxError):
        return f"--app: {doing}: SyntaxError in {error.filename}, line {error.lineno}"
    at = f", at {os.path.relpath(own[-1].filename)}, line {own[-1].lineno}" if own else ""
    return f"--app: {doing}: {told}{at}"
