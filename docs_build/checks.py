"""What must hold for the built site. Each check yields one line for each fault."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from docs_build.page import Page, Site

__all__ = ["CLICKS", "broken_links", "far_pages", "foreign_resources", "malformed_links", "problems"]

CLICKS = 2
"""The most clicks from the home page to any other, in what a reader sees at once: the tabs and the article."""

_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_SCHEMES = {"https", "http", "mailto"}


def problems(site: Site) -> list[str]:
    """Return the faults that any check finds."""
    checks = (broken_links, malformed_links, foreign_resources, far_pages)
    return [fault for check in checks for fault in check(site)]


def broken_links(site: Site) -> Iterator[str]:
    """Yield links within the site to a page, a file or an anchor that is not there."""
    for page in site.pages.values():
        for href in dict.fromkeys(page.links + page.loaded):
            if (target := page.target(href)) is not None and not _is_there(site, *target):
                yield f"{page.url or 'the home page'}: {href} leads nowhere"


def _is_there(site: Site, url: str, anchor: str) -> bool:
    if not site.holds(url):
        return False
    return not anchor or url not in site.pages or anchor in site.pages[url].anchors


def malformed_links(site: Site) -> Iterator[str]:
    """Yield links to other hosts that can't be right. None is opened: a build needs no network."""
    for page in site.pages.values():
        for href in dict.fromkeys(page.links):
            if page.target(href) is None and not _is_well_formed(href):
                yield f"{page.url or 'the home page'}: {href} is no URL"


def _is_well_formed(href: str) -> bool:
    parts = urlsplit(href)
    if parts.scheme not in _SCHEMES or re.search(r"\s", href):
        return False
    return parts.scheme == "mailto" or _HOST.fullmatch((parts.hostname or "").lower()) is not None


def foreign_resources(site: Site) -> Iterator[str]:
    """Yield scripts, styles, fonts and pictures that a reader's browser would get from another host."""
    for page in site.pages.values():
        for href in dict.fromkeys(page.loaded):
            if page.target(href) is None and not href.startswith("data:"):
                yield f"{page.url or 'the home page'}: {href} is loaded from another host"


def far_pages(site: Site) -> Iterator[str]:
    """Yield pages that take more than :data:`CLICKS` clicks from the home page."""
    near = {""}
    for _ in range(CLICKS):
        near |= set(_chosen(site.pages[url] for url in near if url in site.pages))
    told = f"is more than {CLICKS} clicks from the home page: link it from the first page of its section"
    yield from (f"{url} {told}" for url in site.pages if url not in near)


def _chosen(pages: Iterable[Page]) -> Iterator[str]:
    for page in pages:
        yield from (target[0] for href in page.chosen if (target := page.target(href)) is not None)
