"""The table of routes and their guards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jwks_auth.cli.report import Report, Service
from jwks_auth.runtime import dataclass

__all__ = ["RouteRow", "routes"]


@dataclass(frozen=True, slots=True)
class RouteRow:
    """A route in the table: *guard* is its requirement in words; ``None`` if it has none.

    A route that is open on purpose has the guard ``"public"``. *doubt* is a reason why the guard may not hold. Such a
    route is shown as unknown, and counts as unprotected for ``fail_unprotected``.
    """

    path: str
    methods: str
    guard: str | None
    doubt: str | None = None

    @property
    def state(self) -> str:
        """The route's state in the table."""
        if self.doubt is not None:
            return f"UNKNOWN: {self.doubt}"
        return self.guard or "UNPROTECTED"

    @property
    def row(self) -> dict[str, Any]:
        """The route for programs: ``state`` is ``guarded``, ``public``, ``unknown`` or ``unprotected``."""
        known = "unprotected" if self.guard is None else "guarded"
        known = "public" if (self.guard or "").startswith("public") else known
        state = known if self.doubt is None else "unknown"
        return {
            "path": self.path,
            "methods": self.methods.split(),
            "guard": self.guard,
            "doubt": self.doubt,
            "state": state,
        }


def routes(
    rows: Iterable[RouteRow],
    *,
    fail_unprotected: bool = False,
    services: Mapping[str, Service] | None = None,
) -> Report:
    """List routes in a table, and below it the kinds of tokens that each of the *services* takes.

    With *fail_unprotected*, fail for a route without a guard or with a guard in doubt.
    """
    listed = list(rows)
    width = max((len(row.path) for row in listed), default=0)
    methods = max((len(row.methods) for row in listed), default=0)
    lines = [f"{row.path:<{width}}  {row.methods:<{methods}}  {row.state}" for row in listed]
    unknown = sum(row.doubt is not None for row in listed)
    bare = sum(row.guard is None and row.doubt is None for row in listed)
    lines.append(f"{len(listed)} routes, {bare} unprotected" + (f", {unknown} unknown" if unknown else ""))
    taken = {name: _kinds(service) for name, service in (services or {}).items()}
    lines += [_told(name, kinds) for name, kinds in taken.items()]
    return Report(
        tuple(lines),
        ok=not (fail_unprotected and (bare or unknown)),
        rows=tuple(row.row for row in listed),
        facts={"tokens": [{"service": name, "kinds": kinds} for name, kinds in taken.items()]},
    )


def _kinds(service: Service) -> list[str] | None:
    kinds = getattr(service.verifier, "kinds", None)
    return None if kinds is None else [str(kind) for kind in kinds]


def _told(name: str, kinds: list[str] | None) -> str:
    known = "as the service's own verifier decides" if kinds is None else ", ".join(kinds)
    return f"kinds of tokens{name and f' for {name}'}: {known}"
