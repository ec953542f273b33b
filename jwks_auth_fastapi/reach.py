"""All that authenticates for an application: bearers, backends and middleware, found where the application has them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Host, Mount

from jwks_auth.adapters import Authenticator
from jwks_auth_fastapi.internals import ASKS, Moved, Reading, dependant_of, nodes_of
from jwks_auth_fastapi.protection import protections_of

__all__ = ["Found", "reached"]

Found = Any
"""An ``Authenticator``, or the ``Service`` of a ``JWTBearer``."""

_HOLDERS = ("authenticator", "backend", "token_verifier", "guard", "app")
"""Attributes by which guards and middleware hold what authenticates, or what they are around."""


def reached(target: Any, reading: Reading | None = None) -> list[Found]:
    """Return what authenticates for *target*: an application, a bearer, or anything that has one of these.

    *reading* is FastAPI's of its routes.
    """
    found: list[Found] = []
    _Walk(found, reading or Reading()).visit(target)
    return found


class _Walk:
    def __init__(self, found: list[Found], reading: Reading) -> None:
        self._found, self._reading = found, reading
        self._seen: set[int] = set()
        self._kept: list[Any] = []  # so that no id is used again

    def visit(self, thing: Any) -> None:
        """Look at *thing* and within, once."""
        if thing is None or id(thing) in self._seen:
            return
        self._seen.add(id(thing))
        self._kept.append(thing)
        if isinstance(thing, Authenticator):
            self._found.append(thing)
        elif is_scheme(thing):
            if thing.service not in self._found:
                self._found.append(thing.service)
        elif isinstance(thing, Starlette):
            self._all(_parts_of(thing, self._reading))
        elif isinstance(thing, Mount | Host):
            self.visit(thing.app)
            self._all(thing.routes or ())
        elif isinstance(thing, BaseRoute):
            self._all(_calls_of(thing))
        else:
            self._all(_held_by(thing))

    def _all(self, things: Iterable[Any]) -> None:
        for each in things:
            self.visit(each)


def _parts_of(app: Starlette, reading: Reading) -> Iterator[Any]:
    yield from _routes_of(app, reading)
    for layer in app.user_middleware:
        yield layer.cls
        yield from layer.args
        yield from layer.kwargs.values()
    yield from (each.auth for each in protections_of(app))
    yield app.middleware_stack
    yield app.router.lifespan_context
    yield from getattr(app, "dependency_overrides", {}).values()


def _routes_of(app: Starlette, reading: Reading) -> list[Any]:
    try:  # as they are served, with what their routers depend on
        pairs = list(reading.routes(app.routes))
    except Moved:
        return list(app.routes)
    return [*(_Served(route, declared) for route, declared in pairs), *(declared for _, declared in pairs)]


class _Served:
    """A route as it is served, and as it was declared."""

    def __init__(self, route: Any, declared: Any) -> None:
        self.calls = list(_calls_of(route, declared))


def _calls_of(route: Any, declared: Any = None) -> Iterator[Any]:
    """Yield the endpoint of a route, and what it depends on."""
    yield getattr(route, "endpoint", None)
    try:
        dependant = dependant_of(route, route if declared is None else declared)
    except (Moved, ImportError):  # Starlette alone has no such routes
        return
    yield from () if dependant is None else (node.call for node in nodes_of(dependant))


def _held_by(thing: Any) -> Iterator[Any]:
    """Yield what a guard, a middleware or a function holds."""
    yield from getattr(thing, "calls", ()) if isinstance(thing, _Served) else ()
    if isinstance(thing, functools.partial):
        yield thing.func
    elif inspect.ismethod(thing):
        yield thing.__self__
    elif inspect.isfunction(thing):
        named = inspect.getclosurevars(thing)
        yield from named.nonlocals.values()
        yield from (each for each in named.globals.values() if _authenticates(each))
    elif not isinstance(thing, type) and type(thing).__module__ != "builtins":
        yield from (inspect.getattr_static(thing, name, None) for name in _HOLDERS)


def is_scheme(thing: Any) -> bool:
    """Return whether *thing* is a ``JWTBearer``, which Starlette alone does not have."""
    return hasattr(type(thing), ASKS) and hasattr(type(thing), "variant")


def _authenticates(thing: Any) -> bool:
    """Return whether a global name of a function is one to look at; others may lead anywhere."""
    if is_scheme(thing) or isinstance(thing, Authenticator):
        return True
    return isinstance(inspect.getattr_static(thing, "authenticator", None), Authenticator)
