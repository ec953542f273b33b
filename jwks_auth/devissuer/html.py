"""HTML made of elements: text in them is escaped where it is put in, so that no page has to think of it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TypeAlias

__all__ = ["Child", "Html", "el"]

_VOID = frozenset({"input", "link", "meta", "br"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = "str | int | float | Iterable[Child] | None"
"""The content of an element: text, elements, nothing, or several of these."""


def el(tag: str, *children: Child, **attributes: str | int | bool | None) -> Html:
    """Return an element.

    ``class_`` and ``for_`` are ``class`` and ``for``, ``aria_label`` is ``aria-label``. An attribute that is ``True``
    has no value, and one that is ``False`` or ``None`` is left out.
    """
    opened = f"<{tag}{''.join(_attribute(name, value) for name, value in attributes.items())}>"
    return Html(opened if tag in _VOID else f"{opened}{joined(children)}</{tag}>")


def joined(children: Iterable[Child]) -> Html:
    """Return the HTML of *children*, one after the other."""
    return Html("".join(map(_shown, children)))


def _shown(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str | int | float):
        return escape(str(child))
    return joined(child)


def _attribute(name: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    shown = name.rstrip("_").replace("_", "-")
    return f" {shown}" if value is True else f' {shown}="{escape(str(value))}"'
