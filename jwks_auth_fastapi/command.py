"""``jwks-auth --app main:app``: the bearers of an application, and its routes."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_
from typing import Any

from starlette.applications import Starlette
from starlette.routing import compile_path

from jwks_auth import Policy
from jwks_auth.adapters import Authenticator, Requirement
from jwks_auth.cli import RouteRow, Service
from jwks_auth.command import Judge, Place, UsageError
from jwks_auth_fastapi.audit import AuditedRoute, Auditor
from jwks_auth_fastapi.backend import JWTAuthenticationBackend
from jwks_auth_fastapi.internals import Moved, Reading, dependant_of, nodes_of, scopes_of
from jwks_auth_fastapi.marks import backend_of, requirements_on
from jwks_auth_fastapi.places import Place as RoutePlace
from jwks_auth_fastapi.places import applications, places

__all__ = ["place_of"]

_DOCUMENTS = "fastapi.applications"
"""The module whose functions answer with FastAPI's own pages about an API."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One guard of a route: its authenticator under a name, its requirement, and its model of claims."""

    name: str
    authenticator: Authenticator
    requirement: Requirement
    claims: Any = None


class AppPlace(Place):
    """A FastAPI or Starlette application."""

    def __init__(self, app: Starlette) -> None:
        self._app, self._reading = app, Reading()

    def services(self, options: Namespace) -> Mapping[str, Service]:
        """Return the authenticators of its guards and backends."""
        found: dict[str, Authenticator] = {}
        for name, each in self._known():
            if each not in found.values():
                found[name if name not in found else f"{name} {len(found)}"] = each
        if not found:
            raise UsageError("--app: this application uses no JWTBearer and no JWTAuthenticationBackend")
        return {"": next(iter(found.values()))} if len(found) == 1 else found

    def judges(self, options: Namespace) -> Mapping[str, Judge]:
        """Return the guards of a route, or every service."""
        services = self.services(options)
        asked = [] if options.route is None else list(self._asked(self._at(options.route, options.method)))
        if not asked:
            return {name: Judge(service) for name, service in services.items()}
        guards = {
            name: [each for each in asked if each.authenticator is found] for name, found in services.items()
        }
        return {name: _judge(each) for name, each in guards.items() if each}

    def rows(self, options: Namespace) -> Iterable[RouteRow]:
        """Return the audit as a table; FastAPI's own pages about the API count as public."""
        return [_row(place, row) for place, row in Auditor(self._reading).rows(self._app)]

    def debug(self, options: Namespace) -> bool:
        """Return the application's ``debug``."""
        return self._app.debug

    def _known(self) -> Iterator[tuple[str, Authenticator]]:
        for place in places(self._app, self._reading):
            yield from ((each.name, each.authenticator) for each in self._asked(place))
        for _, app in applications(self._app):
            yield from (("backend", backend.authenticator) for backend in _backends(app))

    def _at(self, route: str, method: str) -> RoutePlace:
        found = [place for place in places(self._app, self._reading) if place.route is not None]
        for place in found:
            if route in (place.path, getattr(place.route, "name", None)) and _takes(place, method):
                return place
        for place in found:
            if compile_path(place.path)[0].match(route) and _takes(place, method):
                return place
        raise UsageError(f"no route takes {method} and is, or has the name, {route}: see jwks-auth routes")

    def _asked(self, place: RoutePlace) -> Iterator[Asked]:
        """Yield the guards of a route, those of its application too."""
        own = [*self._schemes(place), *self._decorated(place)]
        yield from own
        for each in () if own else place.protections:
            auth = each[0].auth
            if isinstance(auth, JWTAuthenticationBackend):
                yield Asked("backend", auth.authenticator, Requirement())
            else:
                yield self._of_scheme(auth, (), place)

    def _schemes(self, place: RoutePlace) -> Iterator[Asked]:
        try:
            dependant = dependant_of(place.route, place.declared)
            nodes = [] if dependant is None else list(nodes_of(dependant))
        except Moved as error:
            raise UsageError(
                "--app: this version of FastAPI keeps the dependencies of routes elsewhere"
            ) from error
        if not nodes:
            return
        from jwks_auth_fastapi.dependencies import OF, POLICY
        from jwks_auth_fastapi.mistakes import scheme_of

        for node in nodes:
            if (scheme := scheme_of(node.call)) is not None:
                yield self._of_scheme(scheme, scopes_of(node), place)
            policy, owner = getattr(node.call, POLICY, None), getattr(node.call, OF, None)
            if policy is not None and owner is not None:
                yield replace(self._of_scheme(owner, (), place), requirement=Requirement.of(policy=policy))

    def _of_scheme(self, scheme: Any, scopes: Iterable[str], place: RoutePlace) -> Asked:
        found = scheme.service.of({"app": place.app if place.app is not None else self._app})
        return Asked(scheme.scheme_name, found.authenticator, scheme.requirement(scopes), scheme.claims_model)

    def _decorated(self, place: RoutePlace) -> Iterator[Asked]:
        endpoint = getattr(place.route, "endpoint", None)
        backend = backend_of(endpoint) or next((each for each in _backends(self._app)), None)
        if backend is not None:
            for requirement in (*place.around, *requirements_on(endpoint)):
                yield Asked("backend", backend.authenticator, requirement)


def place_of(found: Any) -> Place | None:
    """Return the place of an application; ``None`` for another object."""
    return AppPlace(found) if isinstance(found, Starlette) else None


def _backends(app: Starlette) -> Iterator[JWTAuthenticationBackend]:
    for layer in app.user_middleware:
        given = [*getattr(layer, "args", ()), *getattr(layer, "kwargs", {}).values()]
        yield from (each for each in given if isinstance(each, JWTAuthenticationBackend))


def _judge(asked: list[Asked]) -> Judge:
    requirements = tuple(dict.fromkeys(each.requirement for each in asked))
    claims = next((each.claims for each in asked if each.claims is not None), None)
    return Judge(asked[0].authenticator, requirements, claims)


def _takes(place: RoutePlace, method: str) -> bool:
    methods = getattr(place.route, "methods", None)
    return methods is None or method in methods


def _row(place: RoutePlace, row: AuditedRoute) -> RouteRow:
    doubt = "; ".join(row.problems) or (
        row.note or "its guard may let requests past" if row.guard == "unknown" else ""
    )
    return RouteRow(row.path, " ".join(row.methods), _guard(place, row), doubt or None)


def _guard(place: RoutePlace, row: AuditedRoute) -> str | None:
    if row.guard in ("none", "unknown"):
        endpoint = getattr(place.route, "endpoint", None)
        is_document = getattr(endpoint, "__module__", None) == _DOCUMENTS
        return "public: FastAPI's own pages" if is_document else None
    if row.guard == "public":
        return "public"
    asked = [*row.policies, *([Policy(scopes=row.scopes)] if row.scopes else [])]
    policy = reduce(and_, asked) if asked else None
    return str(Requirement(policy=policy, optional=row.guard == "optional"))
