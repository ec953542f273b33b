"""Public names of a module as Markdown, for readers without the site's pages: signatures and docstrings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import griffe

from docs_build.docstrings import markdown

__all__ = ["described"]


def described(name: str, root: Path) -> str:
    """Return the names of ``__all__`` of the module *name*, or the one function or class of that name."""
    found = _packages(root).modules_collection[name]
    if not isinstance(found, griffe.Module):
        return "".join(_entry(found))
    public = sorted(found.exports or (), key=str)
    return "".join(text for each in public for text in _entry(found.members[str(each)]))


@cache
def _packages(root: Path) -> griffe.GriffeLoader:
    loader = griffe.GriffeLoader(search_paths=[root])
    for package in sorted(root.glob("jwks_auth*/__init__.py")):
        loader.load(package.parent.name)
    loader.resolve_aliases(implicit=False, external=False)
    return loader


def _entry(named: griffe.Object | griffe.Alias) -> Iterator[str]:
    """Yield the text of a name, and that of a class's documented methods and attributes."""
    found = named.final_target if isinstance(named, griffe.Alias) else named
    yield f"### `{_heading(named.name, found)}`\n\n{_docstring(found)}\n\n"
    if isinstance(found, griffe.Class):
        for member in found.members.values():
            if not member.is_alias and not member.name.startswith("_") and member.docstring is not None:
                yield f"* `{_heading(member.name, member)}`: {' '.join(_docstring(member).split())}\n"
        yield "\n"


def _heading(name: str, found: griffe.Object | griffe.Alias) -> str:
    if isinstance(found, griffe.Function):
        return found.signature(name=name)
    return f"class {name}" if isinstance(found, griffe.Class) else name


def _docstring(found: griffe.Object | griffe.Alias) -> str:
    return markdown(found.docstring.value) if found.docstring is not None else ""
