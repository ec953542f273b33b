"""The audit of routes: a table for people, with problems that a test or the start-up can refuse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi.routing import RouteContext, iter_route_contexts
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Host, Mount, WebSocketRoute

from jwks_auth import Policy
from jwks_auth_fastapi.dependencies import POLICY
from jwks_auth_fastapi.internals import Dependant, nodes_of, scopes_of, takes_connection
from jwks_auth_fastapi.marks import is_bare_in, is_guard, is_public, requirement_of, wrapped_by
from jwks_auth_fastapi.mistakes import Asked, problems, scheme_of
from jwks_auth_fastapi.protection import Protection, protections_of

__all__ = ["AuditedRoute", "audit"]

LOST_GUARD = "require_jwt stands above what registers the route, which is open: put it below @app.get"
NO_REQUEST = (
    "require_jwt finds no request: give the function a parameter request: Request, or write Depends(auth)"
)

_STRICTEST = ("required", "unknown", "optional", "none")


@dataclass(frozen=True, slots=True)
class AuditedRoute:
    """A route and its requirement.

    *guard* is ``required``, ``optional``, ``public`` if it is open on purpose (:func:`~jwks_auth_fastapi.public`),
    ``none``, or ``unknown`` if another decorator around ``require_jwt`` may let requests past it. A token needs all
    *scopes* and must meet all *policies*. *problems* are the route's mistakes; there should be none.
    """

    path: str
    methods: tuple[str, ...]
    guard: str = "none"
    scopes: tuple[str, ...] = ()
    policies: tuple[Policy, ...] = ()
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        asked = [*self.scopes, *(str(policy) for policy in self.policies), *self.problems]
        return " ".join([",".join(self.methods), self.path, self.guard, *asked])


def audit(app: Starlette) -> list[AuditedRoute]:
    """Every route of a FastAPI or Starlette application, mounted ones too, in the order they are matched.

    A mount without routes of its own, such as static files, is one entry. Starlette's own ``requires()`` leaves no
    trace and counts as ``none``. ``app.frontend()`` adds no route, and so no entry.
    """
    found = list(_found(app.routes, ""))
    guards = [endpoint for _, route in found if is_guard(endpoint := getattr(route, "endpoint", None))]
    covered = {id(endpoint) for guard in guards for endpoint in wrapped_by(guard)}
    protections = protections_of(app)
    return [
        _protected(_audited(path, route, covered), getattr(route, "endpoint", None), protections)
        for path, route in found
    ]


def _protected(route: AuditedRoute, endpoint: Any, protections: Sequence[Protection]) -> AuditedRoute:
    """Return the entry of a route of an application with :func:`~jwks_auth_fastapi.protect`."""
    if route.guard in ("required", "optional"):
        return route
    if is_public(endpoint) or (protections and all(each.is_public_path(route.path) for each in protections)):
        return replace(route, guard="public")
    return replace(route, guard="required") if protections else route


def _found(routes: Sequence[BaseRoute], prefix: str) -> Iterator[tuple[str, RouteContext | None]]:
    """Each route with its path; ``None`` for a mount that has none."""
    for route in iter_route_contexts(routes):
        path = prefix + str(getattr(route, "path", None) or "")
        original = route.original_route
        if isinstance(original, Mount | Host):
            yield from list(_found(_routes_in(original), path)) or [(path, None)]
        else:
            yield path, route


def _audited(path: str, route: RouteContext | None, covered: set[int]) -> AuditedRoute:
    if route is None:
        return AuditedRoute(path, ("*",))
    by_decorator = _of_endpoint(route, path, covered)
    if getattr(route, "dependant", None) is None:
        return by_decorator
    return _both(_of_dependencies(route, path), by_decorator, route.dependant)


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


def _routes_in(mount: Mount | Host) -> list[BaseRoute]:
    routes: Any = mount.routes  # the mounted application may be of another framework
    return [route for route in routes if isinstance(route, BaseRoute)] if isinstance(routes, list) else []


def _methods(route: RouteContext) -> tuple[str, ...]:
    if isinstance(route.original_route, WebSocketRoute):
        return ("WEBSOCKET",)
    return tuple(sorted(getattr(route, "methods", None) or "*"))


def _of_endpoint(route: RouteContext, path: str, covered: set[int]) -> AuditedRoute:
    endpoint = getattr(route, "endpoint", None)
    lost = (LOST_GUARD,) if is_bare_in(endpoint, covered) else ()
    requirement = requirement_of(endpoint)
    if requirement is None:
        return AuditedRoute(path, _methods(route), problems=lost)
    sure = "optional" if requirement.optional else "required"
    policies = () if requirement.policy is None else (requirement.policy,)
    return AuditedRoute(path, _methods(route), sure if is_guard(endpoint) else "unknown", (), policies, lost)


def _of_dependencies(route: RouteContext, path: str) -> AuditedRoute:
    nodes = list(nodes_of(route.dependant))
    schemes = list(_schemes(nodes))
    required = any(not scheme.is_optional for scheme, _ in schemes)
    return AuditedRoute(
        path,
        _methods(route),
        "required" if required else "optional" if schemes else "none",
        tuple(dict.fromkeys(scope for _, scopes in schemes for scope in scopes)),
        tuple(policy for node in nodes if (policy := getattr(node.call, POLICY, None)) is not None),
        tuple(dict.fromkeys(problems(getattr(route, "dependencies", ()), nodes, schemes))),
    )


def _schemes(nodes: Iterable[Dependant]) -> Iterator[Asked]:
    for node in nodes:
        scheme = scheme_of(node.call)
        if scheme is not None:
            yield scheme, scopes_of(node)
