"""A page of docs/how-to/recipes: its module, importable under the name that the page gives it, and what uses it."""

from __future__ import annotations

import logging
import re
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Page"]

FOLDER = Path(__file__).parents[2] / "docs" / "how-to" / "recipes"
SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# (\w+)\.py")


class Page:
    """The snippets of ``docs/how-to/recipes/<name>.md``; the first of them is a module."""

    def __init__(self, name: str) -> None:
        self.path = FOLDER / f"{name}.md"
        self.module, *self.uses = SNIPPET.findall(self.path.read_text())
        found = NAMED.match(self.module)
        assert found is not None
        self.name = found[1]

    @contextmanager
    def imported(self) -> Iterator[Any]:
        """The module, for as long as the block lasts."""
        with _module(self.name) as module:
            exec(compile(self.module, str(self.path), "exec"), vars(module))
            yield module

    def used(self, at: int = 0) -> dict[str, Any]:
        """The names that a snippet leaves behind, which imports the module."""
        with self.imported(), _module(f"uses_{self.name}") as user, _log_kept():
            exec(compile(self.uses[at], str(self.path), "exec"), vars(user))
            return vars(user)


@contextmanager
def _log_kept() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


@contextmanager
def _module(name: str) -> Iterator[Any]:
    before, module = sys.modules.get(name), types.ModuleType(name)
    sys.modules[name] = module
    try:
        yield module
    finally:
        sys.modules.pop(name)
        if before is not None:
            sys.modules[name] = before
