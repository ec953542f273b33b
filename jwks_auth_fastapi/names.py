"""Names of schemes in OpenAPI, of which two of one name would replace each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi.security.base import SecurityBase

from jwks_auth_fastapi.mistakes import scheme_of
from jwks_auth_fastapi.scheme import JWTScheme

__all__ = ["SchemeNames"]


class SchemeNames:
    """The schemes that each application documents."""

    def __init__(self) -> None:
        self._documented: dict[int, list[SecurityBase]] = {}

    def clashes(self, app: Any, calls: Iterable[Any]) -> list[str]:
        """Return the faults of a route of *app* with these dependencies: schemes with the name of another one.

        A bearer and its variants are one scheme. Two that are not ours are not our affair.
        """
        known = self._documented.setdefault(id(app), [])
        found: list[str] = []
        for scheme in (root for call in calls if (root := _root(call)) is not None):
            if any(each is scheme for each in known):
                continue
            found += [_clash(name) for each in known if (name := _shared_name(app, each, scheme)) is not None]
            if not found:
                known.append(scheme)
        return found


def _root(call: Any) -> SecurityBase | None:
    ours = scheme_of(call)
    return call if ours is None and isinstance(call, SecurityBase) else ours and ours.root


def _shared_name(app: Any, one: SecurityBase, other: SecurityBase) -> str | None:
    if not isinstance(one, JWTScheme) and not isinstance(other, JWTScheme):
        return None
    name = _name(app, one)
    return name if name == _name(app, other) else None


def _name(app: Any, scheme: SecurityBase) -> str:
    if isinstance(scheme, JWTScheme):
        return scheme.service.of({"app": app}).openapi.scheme_name
    return scheme.scheme_name


def _clash(name: str) -> str:
    return (
        f"two schemes are called {name!r} in OpenAPI, where one replaces the other: write auth.variant(...) for the "
        "same service, or give one another name, openapi=OpenAPISettings(scheme_name=...)"
    )
