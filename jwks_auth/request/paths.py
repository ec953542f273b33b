"""Prefixes of paths, which cover whole segments: ``"/news"`` covers ``/news`` and ``/news/7``, never ``/newsroom``."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Prefixes"]


class Prefixes:
    """A set of prefixes; one that ends with a slash covers only what is below it."""

    __slots__ = ("_below", "_exact")

    def __init__(self, prefixes: Iterable[str]) -> None:
        listed = tuple(prefixes)
        self._exact = frozenset(listed)
        self._below = tuple(prefix if prefix.endswith("/") else f"{prefix}/" for prefix in listed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prefixes) and self._below == other._below and self._exact == other._exact

    def cover(self, path: str) -> bool:
        """Return whether one of them covers *path*, which must not climb: a view of any path may read it as another."""
        if not {".", ".."}.isdisjoint(path.replace("\\", "/").split("/")):
            return False
        return path.startswith(self._below) or path in self._exact
