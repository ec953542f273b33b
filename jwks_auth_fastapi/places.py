"""Places of routes: the application that each belongs to, its path, and the guards around that application."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Host, Mount

from jwks_auth.adapters import Requirement
from jwks_auth_fastapi.internals import Moved, Reading
from jwks_auth_fastapi.marks import is_guard, is_public, requirement_of
from jwks_auth_fastapi.protection import Protection, protections_of

__all__ = ["Place", "applications", "places"]


@dataclass(frozen=True, slots=True)
class Place:
    """A route and where it is.

    *app* is the application whose OpenAPI document has it; *around* are the requirements of the guards around *app*,
    *protections* those by ``protect`` that apply to it, each with the path of its application. *is_public*: it is below
    an application that is open on purpose.
    *route* is the route as it is served, with the prefix and the dependencies of its router, *declared* as it was
    written; both are ``None`` for a mount without routes, and where FastAPI's can't be told, for which *moved* is true.
    """

    path: str
    app: Any
    around: tuple[Requirement, ...] = ()
    route: Any = None
    declared: Any = None
    moved: bool = False
    protections: tuple[tuple[Protection, str], ...] = ()
    is_public: bool = False


def places(app: Any, reading: Reading) -> list[Place]:
    """Return every route of *app* and of what is mounted in it, in the order they are matched."""
    inner, around = _within(app)
    protections = tuple((each, "") for each in protections_of(inner))
    return list(_found(inner.routes, Place("", inner, around, protections=protections), reading))


def applications(app: Any, path: str = "") -> Iterator[tuple[str, Starlette]]:
    """Yield *app* and the applications mounted in it, each with its path."""
    inner, _ = _within(app)
    if isinstance(inner, Starlette):
        yield path, inner
    for route in getattr(inner, "routes", None) or ():
        if isinstance(route, Mount | Host):
            yield from applications(route.app, path + getattr(route, "path", ""))


def _found(routes: Sequence[BaseRoute], at: Place, reading: Reading) -> Iterator[Place]:
    try:
        found = list(reading.routes(routes))
    except Moved:
        yield replace(at, moved=True)
        return
    for route, declared in found:
        path = at.path + str(getattr(route, "path", None) or "")
        if isinstance(declared, Mount | Host):
            yield from _mounted(declared, replace(at, path=path), reading)
        else:
            yield replace(at, path=path, route=route, declared=declared)


def _mounted(mount: Mount | Host, at: Place, reading: Reading) -> Iterator[Place]:
    inner, around = _within(mount.app)
    asks_itself = is_public(mount.app) or is_guard(mount.app) or bool(protections_of(mount.app))
    place = replace(
        at,
        app=inner,
        around=at.around + around,
        protections=(
            *(() if asks_itself else at.protections),
            *((p, at.path) for p in protections_of(inner)),
        ),
        is_public=at.is_public or is_public(mount.app),
    )
    # The mounted application may be of another framework, and mean something else by routes.
    routes = getattr(inner, "routes", None)
    known = [route for route in routes if isinstance(route, BaseRoute)] if isinstance(routes, list) else []
    yield from list(_found(known, place, reading)) or [place]


def _within(app: Any) -> tuple[Any, tuple[Requirement, ...]]:
    """Return the application within guards and Starlette's own middleware, and the requirements of the guards."""
    around: list[Requirement | None] = []
    while not isinstance(app, Starlette):
        if is_guard(app):
            around.append(requirement_of(app))
        elif not type(app).__module__.startswith("starlette.middleware."):
            break
        app = getattr(app, "app", None)
    for layer in getattr(app, "user_middleware", ()):  # Middleware(require_jwt(...))
        around.append(getattr(getattr(layer, "cls", None), "requirement", None))
    return app, tuple(each for each in around if isinstance(each, Requirement))
