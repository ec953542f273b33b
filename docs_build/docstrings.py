"""Docstrings as Markdown, for the pages of the API: mkdocstrings loads this as an extension of Griffe."""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["Roles", "markdown"]

ROLE = re.compile(r":(?:class|func|meth|mod|attr|exc|data|obj):`~?([^`]+)`")
CODE = re.compile(r"``([^`]+)``")
EXAMPLE = re.compile(r"::$", re.MULTILINE)


def markdown(docstring: str) -> str:
    """Return *docstring* with Sphinx's roles and literals as Markdown's code."""
    return EXAMPLE.sub(":", CODE.sub(r"`\1`", ROLE.sub(r"`\1`", docstring)))


class Roles(griffe.Extension):
    """Rewrites each docstring once, when its module is read."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)
