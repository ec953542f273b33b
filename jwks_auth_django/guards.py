"""A guard's requirement in Django: the core's, and the one of several APIs by whose settings it judges."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Unpack

from jwks_auth import ConfigurationError
from jwks_auth.adapters import Requirement, RequirementOptions

__all__ = ["Guard", "GuardOptions", "guard"]


class GuardOptions(RequirementOptions, total=False):
    """Options of :func:`guard`, and of all guards, which pass them on."""

    api: str


@dataclass(frozen=True)
class Guard(Requirement):
    """A requirement; *api* is a key of ``JWKS_AUTH["APIS"]``. ``None``: the request decides."""

    api: str | None = None

    def __str__(self) -> str:
        """Describe it for a table of routes."""
        said = super().__str__()
        return said if self.api is None else f"{said}, by the settings of {self.api}"


def guard(**asked: Unpack[GuardOptions]) -> Guard:
    """Return the requirement that a guard's options describe; raises as ``Requirement.of`` does."""
    options: Any = dict(asked)
    api = options.pop("api", None)
    if "api" in asked and (not isinstance(api, str) or not api):
        raise ConfigurationError(f'api: found {api!r}, expected a key of JWKS_AUTH["APIS"]')
    core = Requirement.of(**options)
    return Guard(**{field.name: getattr(core, field.name) for field in fields(core)}, api=api)
