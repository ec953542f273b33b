"""Which route asks for what: a table for people, and what a test or the start-up can refuse."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import params
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Host, Mount, WebSocketRoute

from jwks_auth import ConfigurationError, Policy
from jwks_auth.adapters import Requirement
from jwks_auth_fastapi.dependencies import POLICY
from jwks_auth_fastapi.openapi import JWTScheme

__all__ = ["REQUIREMENT", "AuditedRoute", "audit"]

REQUIREMENT = "__jwks_auth__"
"""The attribute that holds the :class:`Requirement` of an endpoint under ``starlette.require_jwt``."""


@dataclass(frozen=True, slots=True)
class AuditedRoute:
    """A route and what it asks of a request.

    *guard* is ``required``, ``optional`` or ``none``. *scopes* are all needed and *policies* must all hold.
    *problems* say how the route asks wrongly; there should be none.
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

    A mount that has no routes of its own, such as static files, is one entry. Starlette's own
    ``requires()`` leaves no trace and counts as ``none``; ``app.frontend()`` adds no route, and no entry.
    """
    return list(_audited(app.routes, ""))


def _audited(routes: Sequence[BaseRoute], prefix: str) -> Iterator[AuditedRoute]:
    for route in iter_route_contexts(routes):
        path = prefix + str(getattr(route, "path", None) or "")
        original = route.original_route
        if isinstance(original, Mount | Host):
            yield from list(_audited(_routes_in(original), path)) or [AuditedRoute(path, ("*",))]
        elif getattr(route, "dependant", None) is not None:
            yield _of_dependencies(route, path)
        else:
            yield _of_endpoint(route, path)


def _routes_in(mount: Mount | Host) -> list[BaseRoute]:
    routes: Any = mount.routes  # whatever the mounted application, maybe of another framework, calls so
    return [route for route in routes if isinstance(route, BaseRoute)] if isinstance(routes, list) else []


def _methods(route: RouteContext) -> tuple[str, ...]:
    if isinstance(route.original_route, WebSocketRoute):
        return ("WEBSOCKET",)
    return tuple(sorted(getattr(route, "methods", None) or "*"))


def _of_endpoint(route: RouteContext, path: str) -> AuditedRoute:
    requirement: Requirement | None = getattr(getattr(route, "endpoint", None), REQUIREMENT, None)
    if requirement is None:
        return AuditedRoute(path, _methods(route))
    policies = () if requirement.policy is None else (requirement.policy,)
    return AuditedRoute(
        path, _methods(route), "optional" if requirement.optional else "required", (), policies
    )


def _of_dependencies(route: RouteContext, path: str) -> AuditedRoute:
    nodes = list(_nodes(route.dependant))
    schemes = list(_schemes(nodes))
    required = any(not scheme.is_optional for scheme, _ in schemes)
    return AuditedRoute(
        path,
        _methods(route),
        "required" if required else "optional" if schemes else "none",
        tuple(dict.fromkeys(scope for _, scopes in schemes for scope in scopes)),
        tuple(getattr(node.call, POLICY) for node in nodes if hasattr(node.call, POLICY)),
        tuple(dict.fromkeys(_problems(route, nodes, schemes))),
    )


def _nodes(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for each in dependant.dependencies:
        yield from _nodes(each)


def _schemes(nodes: Iterable[Dependant]) -> Iterator[tuple[JWTScheme, tuple[str, ...]]]:
    for node in nodes:
        if isinstance(node.call, JWTScheme):
            yield node.call, (*(node.parent_oauth_scopes or ()), *(node.own_oauth_scopes or ()))


def _problems(
    route: RouteContext, nodes: Iterable[Dependant], schemes: Iterable[tuple[JWTScheme, tuple[str, ...]]]
) -> Iterator[str]:
    declared = [
        *getattr(route, "dependencies", ()),
        *(each for node in nodes for each in _declared(node.call)),
    ]
    apart = {
        each.scopes for each in declared if isinstance(each, params.Security) and isinstance(each.scopes, str)
    }
    for scopes in sorted(apart):
        yield f"Security(..., scopes={scopes!r}) is taken apart into characters: write scopes=[{scopes!r}]"
    for scheme, asked in schemes:
        try:
            scheme.requirement(asked)
        except ConfigurationError as error:
            yield str(error)


def _declared(call: Any) -> Iterator[Any]:
    # FastAPI keeps what it made of the scopes; what was written is only in the signature.
    try:
        signature = inspect.signature(call, eval_str=True)
    except NameError:  # imported for type checkers alone: what defaults say can still be read
        signature = inspect.signature(call)
    for parameter in signature.parameters.values():
        yield parameter.default
        yield from getattr(parameter.annotation, "__metadata__", ())
