"""The checks of the built site, each on a small site with one fault, beside the same site without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs_build.checks import broken_links, far_pages, foreign_resources, malformed_links, problems
from docs_build.page import Site

TABS = '<nav class="md-tabs" aria-label="Tabs"><a href="a/">A</a></nav>'


def built(folder: Path, **pages: str) -> Site:
    """A site of a home page and the *pages* below it."""
    for name, text in {"home": f'{TABS}<a href="far/">beside</a>', **pages}.items():
        path = folder / ("" if name == "home" else name) / "index.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<html><body>{text}</body></html>")
    return Site(folder)


def article(text: str) -> str:
    """The part of a page that an author writes."""
    return f'<article class="x">{text}</article>'


@pytest.mark.parametrize(
    "href",
    ["../b/", "../b/#here", "#top", "../b/index.html", "../picture.svg", "https://example.com/", "/b/"],
)
def test_a_link_that_leads_somewhere_is_no_fault(tmp_path: Path, href: str) -> None:
    """To a page, an anchor, a file; other hosts are nobody's business without a network."""
    (tmp_path / "picture.svg").write_text("<svg/>")
    pages = {
        "a": article(f'<p id="top"><a href="{href}">x</a></p>'),
        "b": '<h2 id="here">b</h2>',
        "far": "far",
    }
    assert list(broken_links(built(tmp_path, **pages))) == []


@pytest.mark.parametrize("href", ["../c/", "../b/#there", "#nowhere", "../none.svg", "b/", "../../b/%00"])
def test_a_link_that_leads_nowhere_is_told(tmp_path: Path, href: str) -> None:
    """With the page that it stands on."""
    pages = {"a": article(f'<a href="{href}">x</a>'), "b": '<h2 id="here">b</h2>', "far": "far"}
    assert list(broken_links(built(tmp_path, **pages))) == [f"a/: {href} leads nowhere"]


def test_a_picture_that_is_not_there_is_told(tmp_path: Path) -> None:
    """What a page loads is looked for as well."""
    site = built(tmp_path, a=article('<img src="../none.png">'), far="far")
    assert list(broken_links(site)) == ["a/: ../none.png leads nowhere"]


@pytest.mark.parametrize(
    "href", ["https://example.com/a?b#c", "mailto:a@example.com", "http://127.0.0.1:8000/"]
)
def test_a_well_formed_link_is_no_fault(tmp_path: Path, href: str) -> None:
    """It isn't opened."""
    assert list(malformed_links(built(tmp_path, a=f'<a href="{href}">x</a>'))) == []


@pytest.mark.parametrize(
    "href", ["htps://example.com/", "https:///x", "https://exa mple.com/", "javascript:alert(1)", "//-x/"]
)
def test_a_malformed_link_is_told(tmp_path: Path, href: str) -> None:
    """A scheme that is none of ours, no host, a space."""
    assert list(malformed_links(built(tmp_path, a=f'<a href="{href}">x</a>'))) == [f"a/: {href} is no URL"]


@pytest.mark.parametrize(
    "tag",
    [
        '<script src="https://cdn.example.com/x.js"></script>',
        '<link rel="stylesheet" href="https://fonts.example.com/css">',
        '<link rel="preconnect" href="https://fonts.example.com">',
        '<img src="//pictures.example.com/x.png">',
    ],
)
def test_what_another_host_serves_is_told(tmp_path: Path, tag: str) -> None:
    """A reader's browser asks nobody else; a link to another host, or a picture within the page, is no request."""
    assert len(list(foreign_resources(built(tmp_path, a=tag)))) == 1
    fine = '<a href="https://example.com/">x</a><img src="data:image/png;base64,AA=="><script src="../x.js"></script>'
    assert list(foreign_resources(built(tmp_path / "fine", a=fine))) == []


def test_a_page_three_clicks_away_is_told(tmp_path: Path) -> None:
    """Only the tabs and the article count as seen: a link elsewhere on the home page doesn't bring a page near."""
    pages = {"a": article('<a href="../b/">b</a>'), "b": article('<a href="../far/">far</a>'), "far": "far"}
    [told] = far_pages(built(tmp_path, **pages))
    assert told.startswith("far/ is more than 2 clicks from the home page")
    nearer = {**pages, "a": article('<a href="../b/">b</a><a href="../far/">far</a>')}
    assert problems(built(tmp_path, **nearer)) == []
