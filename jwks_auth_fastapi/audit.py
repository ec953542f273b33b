"""The audit of routes: a table for people, with problems that a test or the start-up can refuse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.routing import WebSocketRoute

from jwks_auth import Policy
from jwks_auth.adapters import Requirement
from jwks_auth_fastapi.internals import (
    Dependant,
    Moved,
    Reading,
    dependant_of,
    nodes_of,
    scopes_of,
    takes_connection,
)
from jwks_auth_fastapi.marks import is_bare_in, is_guard, is_public, requirement_of, wrapped_by
from jwks_auth_fastapi.places import Place, places
from jwks_auth_fastapi.protection import is_self_guarded

__all__ = ["UNTOLD", "AuditedRoute", "Auditor", "audit"]

LOST_GUARD = "require_jwt stands above what registers the route, which is open: put it below @app.get"
NO_REQUEST = (
    "require_jwt finds no request: give the function a parameter request: Request, or write Depends(auth)"
)

UNTOLD = (
    "this version of FastAPI keeps the dependencies of routes elsewhere: the audit can't tell what they ask"
)

_METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
_STRICTEST = ("required", "unknown", "optional", "public", "none")


@dataclass(frozen=True, slots=True)
class AuditedRoute:
    """A route and its requirement.

    *guard* is ``required``, ``optional``, ``public`` if it is open on purpose (:func:`~jwks_auth_fastapi.public`),
    ``none``, or ``unknown``: another decorator around ``require_jwt``, or a subclass of ``JWTBearer``, may let requests
    past it, or FastAPI's dependencies can't be read. A token needs all *scopes* and must meet all *policies*.
    *problems* are the route's mistakes; there should be none. *note* is what the audit can't tell.
    """

    path: str
    methods: tuple[str, ...]
    guard: str = "none"
    scopes: tuple[str, ...] = ()
    policies: tuple[Policy, ...] = ()
    problems: tuple[str, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        asked = [*self.scopes, *(str(policy) for policy in self.policies), *self.problems]
        asked += [f"({self.note})"] if self.note else []
        return " ".join([",".join(self.methods), self.path, self.guard, *asked])


def audit(app: Starlette) -> list[AuditedRoute]:
    """Every route of a FastAPI or Starlette application, mounted ones too, in the order they are matched.

    A mount without routes of its own, such as static files, is one entry. Guards around a mounted application, or among
    the middleware of one, count for each of its routes. Starlette's own ``requires()`` leaves no trace and counts as
    ``none``. ``app.frontend()`` adds no route, and so no entry.
    """
    return [row for _, row in Auditor(Reading()).rows(app)]


class Auditor:
    """Audits an application with a *reading* of FastAPI's routes."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._names: Any = None
        self._covered: set[int] = set()

    def rows(self, app: Any) -> list[tuple[Place, AuditedRoute]]:
        """Return the audit, with the place of each route."""
        found = places(app, self._reading)
        endpoints = [getattr(place.route, "endpoint", None) for place in found]
        guards = [endpoint for endpoint in endpoints if is_guard(endpoint)]
        self._covered = {id(endpoint) for guard in guards for endpoint in wrapped_by(guard)}
        return [(place, _around(_protected(self._row(place), place), place.around)) for place in found]

    def _row(self, place: Place) -> AuditedRoute:
        if place.route is None:
            bare = AuditedRoute(place.path, ("*",))
            return replace(bare, guard="unknown", note=UNTOLD) if place.moved else bare
        by_decorator = _of_endpoint(place, self._covered)
        try:
            dependant = dependant_of(place.route, place.declared)
            if dependant is None:
                return by_decorator
            return _both(self._of_dependencies(place, dependant), by_decorator, dependant)
        except Moved:
            guard = min(by_decorator.guard, "unknown", key=_STRICTEST.index)
            return replace(by_decorator, guard=guard, note=UNTOLD)

    def _of_dependencies(self, place: Place, dependant: Dependant) -> AuditedRoute:
        # Only routes of FastAPI's come here: the audit knows Starlette's without it.
        from jwks_auth_fastapi.dependencies import POLICY
        from jwks_auth_fastapi.mistakes import Asking, problems
        from jwks_auth_fastapi.names import SchemeNames

        nodes = list(nodes_of(dependant))
        schemes = list(_schemes(nodes))
        self._names = self._names or SchemeNames()
        asking = Asking(self._reading, getattr(place.route, "dependencies", ()), nodes, schemes)
        wrong = [*problems(asking), *self._names.clashes(place.app, [node.call for node in nodes[1:]])]
        return AuditedRoute(
            place.path,
            _methods(place),
            min((_strictness(scheme) for scheme, _ in schemes), default="none", key=_STRICTEST.index),
            tuple(dict.fromkeys(scope for _, scopes in schemes for scope in scopes)),
            tuple(policy for node in nodes if (policy := getattr(node.call, POLICY, None)) is not None),
            tuple(dict.fromkeys(wrong)),
        )


def _protected(row: AuditedRoute, place: Place) -> AuditedRoute:
    """Return the entry of a route of an application with :func:`~jwks_auth_fastapi.protect`."""
    if row.guard in ("required", "optional") or is_self_guarded(place.route):
        return row
    open_to = [each.public_paths.cover(row.path.removeprefix(at)) for each, at in place.protections]
    if is_public(getattr(place.route, "endpoint", None)) or (place.is_public and not open_to):
        return replace(row, guard="public")
    if not open_to:
        return row
    return replace(row, guard="public" if all(open_to) else "required")


def _around(row: AuditedRoute, requirements: Iterable[Requirement]) -> AuditedRoute:
    for each in requirements:
        guard = "optional" if each.optional else "required"
        row = replace(
            row,
            guard=min(row.guard, guard, key=_STRICTEST.index),
            policies=(*row.policies, *([] if each.policy is None else [each.policy])),
        )
    return row


def _both(depends: AuditedRoute, decorated: AuditedRoute, dependant: Dependant) -> AuditedRoute:
    """A route of FastAPI's, which may have both kinds of guard."""
    unfit = decorated.guard in ("required", "optional") and not takes_connection(dependant)
    stated = (NO_REQUEST,) if unfit else ()
    return replace(
        depends,
        guard=min(depends.guard, decorated.guard, key=_STRICTEST.index),
        policies=depends.policies + decorated.policies,
        problems=depends.problems + decorated.problems + stated,
    )


def _methods(place: Place) -> tuple[str, ...]:
    if isinstance(place.declared, WebSocketRoute):
        return ("WEBSOCKET",)
    return tuple(sorted(getattr(place.route, "methods", None) or "*"))


def _of_endpoint(place: Place, covered: set[int]) -> AuditedRoute:
    endpoint = getattr(place.route, "endpoint", None)
    lost = (LOST_GUARD,) if is_bare_in(endpoint, covered) else ()
    rows = [_of_guard(each) for each in _handlers(endpoint)]
    weakest = max(rows, key=lambda row: _STRICTEST.index(row[0]), default=("none", ()))
    return AuditedRoute(place.path, _methods(place), weakest[0], (), weakest[1], lost)


def _handlers(endpoint: Any) -> list[Any]:
    """Return the functions that answer: those of an endpoint class by method, unless the class itself is guarded."""
    if not (isinstance(endpoint, type) and issubclass(endpoint, HTTPEndpoint)):
        return [endpoint]
    found = [getattr(endpoint, name, None) for name in _METHODS]
    return [each for each in found if each is not None]


def _of_guard(endpoint: Any) -> tuple[str, tuple[Policy, ...]]:
    requirement = requirement_of(endpoint)
    if requirement is None:
        return "none", ()
    sure = "optional" if requirement.optional else "required"
    return sure if is_guard(endpoint) else "unknown", () if requirement.policy is None else (
        requirement.policy,
    )


def _strictness(scheme: Any) -> str:
    if type(scheme).__call__ is not scheme.original_call:
        return "unknown"  # a method of the application's own, which may return what it likes
    return "optional" if scheme.is_optional else "required"


def _schemes(nodes: Iterable[Dependant]) -> Iterator[Any]:
    from jwks_auth_fastapi.mistakes import scheme_of

    for node in nodes:
        scheme = scheme_of(node.call)
        if scheme is not None:
            yield scheme, scopes_of(node)
