"""The app that ``--app`` names: it is imported, and its authenticator is found by the adapter of its framework.

No framework is imported here: an object of Flask's has brought Flask along.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import Any

from jwks_auth.challenge import brief
from jwks_auth.cli import Service
from jwks_auth.command.call import Judge, Place, UsageError
from jwks_auth.command.imports import called, imported, named_in
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
    found = named_in(imported(module, "--app"), name, "--app")
    return called(partial(place_of, found, path), f"--app: reading {brief(path)}")


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
