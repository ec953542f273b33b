"""The parts of pages: labelled controls, forms, tables, and lines to copy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from jwks_auth.devissuer.html import Child, Html, el

__all__ = [
    "area",
    "card",
    "facts",
    "field",
    "form",
    "json_lines",
    "labelled",
    "lines",
    "option",
    "select",
    "table",
]


def field(label: str, name: str, *, hint: str = "", **attributes: str | int | bool | None) -> Html:
    """Return a labelled input."""
    return labelled(
        label, name, el("input", name=name, id=name, aria_describedby=_id(name, hint), **attributes), hint
    )


def labelled(label: str, name: str, control: Html, hint: str = "") -> Html:
    """Return *control*, whose id is *name*, under its label, with a *hint* below."""
    below = el("small", hint, id=_id(name, hint)) if hint else None
    return el("div", el("label", label, for_=name), control, below, class_="field")


def area(label: str, name: str, text: str, *, hint: str = "", **attributes: str | int | bool | None) -> Html:
    """Return a labelled field of several lines."""
    described = _id(name, hint)
    control = el("textarea", text, name=name, id=name, aria_describedby=described, **attributes)
    return labelled(label, name, control, hint)


def _id(name: str, hint: str) -> str | None:
    return f"{name}-hint" if hint else None


def option(kind: str, name: str, value: str, text: str, *, checked: bool) -> Html:
    """Return a control with its text beside it."""
    control = el("input", type=kind, name=name, value=value, id=f"{name}-{value}", checked=checked)
    return el("label", control, el("span", text), for_=f"{name}-{value}", class_="option")


def select(name: str, options: Mapping[str, str], chosen: str) -> Html:
    """Return a list to choose one of: texts by their values."""
    listed = [el("option", text, value=value, selected=value == chosen) for value, text in options.items()]
    return el("select", listed, name=name, id=name)


def form(path: str, csrf: str, *content: Child) -> Html:
    """Return a form that posts to *path*, with the secret that shows that it is ours."""
    return el(
        "form", el("input", type="hidden", name="csrf", value=csrf), content, method="post", action=path
    )


def card(title: str, *content: Child) -> Html:
    """Return a part of a page with a title."""
    return el("section", el("h2", title), content, class_="card")


def lines(lines: Iterable[str]) -> Html:
    """Return lines to copy."""
    return el("pre", el("code", "\n".join(lines)), tabindex="0")


def json_lines(document: Mapping[str, Any]) -> Html:
    """Return a document, one member a line."""
    return lines([json.dumps(document, indent=2, ensure_ascii=False)])


def facts(pairs: Iterable[tuple[str, str]]) -> Html:
    """Return names and their values."""
    return el(
        "dl", [(el("dt", name.replace("_", " ")), el("dd", el("code", value))) for name, value in pairs]
    )


def table(heads: Iterable[str], rows: Iterable[Html], *, label: str) -> Html:
    """Return a table, which scrolls where it is wide."""
    head = el("thead", el("tr", [el("th", text, scope="col") for text in heads]))
    return el(
        "div",
        el("table", head, el("tbody", rows)),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=label,
    )
