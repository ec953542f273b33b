"""The pages of the site in their order, as ``zensical.toml`` lists them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "Entry", "entries", "faults"]

ROOT = Path(__file__).parent.parent

Entry = tuple[tuple[str, ...], str]
"""The titles that lead to a page, and its path below ``docs/``; an index page has its section's titles."""


def entries(root: Path = ROOT) -> list[Entry]:
    """Return each page that the navigation names, in its order."""
    configured = tomllib.loads((root / "zensical.toml").read_text())
    return list(_walk(configured["project"]["nav"], ()))


def _walk(items: list[Any], above: tuple[str, ...]) -> Iterator[Entry]:
    for item in items:
        if isinstance(item, str):
            yield above, item
            continue
        for title, content in item.items():
            yield from _walk(content if isinstance(content, list) else [content], (*above, title))


def faults(root: Path = ROOT) -> list[str]:
    """Return a line for each page that the navigation lacks, names twice, or names though it is not there."""
    named = [path for _, path in entries(root)]
    there = {path.relative_to(root / "docs").as_posix() for path in (root / "docs").rglob("*.md")}
    missing = [f"docs/{path} has no line in zensical.toml's nav" for path in sorted(there - set(named))]
    gone = [
        f"zensical.toml's nav names docs/{path}, which is not there" for path in named if path not in there
    ]
    twice = [
        f"zensical.toml's nav names docs/{path} twice" for path in sorted(set(named)) if named.count(path) > 1
    ]
    return missing + gone + twice
