"""Every URL pattern and what guards it, for ``manage.py jwks routes`` and the system checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jwks_auth.adapters import Requirement

__all__ = ["Route", "routes"]


@dataclass(frozen=True, slots=True)
class Route:
    """A URL pattern, its view, and how it is guarded; ``guard`` is ``None`` where nothing is."""

    path: str
    view: str
    guard: str | None
    requirements: tuple[Requirement, ...] = ()


def routes() -> Iterator[Route]:
    """The routes of ``ROOT_URLCONF``, in the order Django tries them."""
    return iter(())
