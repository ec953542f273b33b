"""A page of the built site: its links, its anchors, and what a browser loads for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

__all__ = ["Page", "Site"]

_LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}
_LINKS_THAT_LOAD = {"stylesheet", "icon", "preload", "preconnect", "modulepreload"}


@dataclass
class Page(HTMLParser):
    """One document, at *url* below the site's root: ``how-to/flask/``."""

    url: str
    text: str
    links: list[str] = field(default_factory=list)
    """Links anywhere in the page, as they are written."""
    chosen: list[str] = field(default_factory=list)
    """Links that a reader sees at once: those of the article and the tabs."""
    loaded: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    _seen_in: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what *tag* names, links to, or loads."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "article" or "md-tabs" in given.get("class", "").split():
            self._seen_in = tag
        if tag == "a" and "href" in given:
            self._note(given["href"])
        if tag in _LOADED and _LOADED[tag] in given:
            self.loaded.append(given[_LOADED[tag]])
        if tag == "link" and _LINKS_THAT_LOAD & set(given.get("rel", "").split()):
            self.loaded.append(given.get("href", ""))

    def handle_endtag(self, tag: str) -> None:
        """Leave the article, or the tabs."""
        if tag == self._seen_in:
            self._seen_in = ""

    def _note(self, href: str) -> None:
        self.links.append(href)
        if self._seen_in:
            self.chosen.append(href)

    def target(self, href: str) -> tuple[str, str] | None:
        """The page's URL and the anchor that *href* leads to; ``None`` for another host's."""
        parts = urlsplit(href)
        if parts.scheme or parts.netloc:
            return None
        path = urljoin("/" + self.url, parts.path) if parts.path else "/" + self.url
        return unquote(path).removeprefix("/").removesuffix("index.html"), unquote(parts.fragment)


@dataclass(frozen=True)
class Site:
    """The built site in a folder."""

    folder: Path

    @cached_property
    def pages(self) -> dict[str, Page]:
        """Every page by its URL below the root, ``""`` being the home page; the page for errors is left out."""
        found = {path.parent.relative_to(self.folder).as_posix(): path for path in self._documents()}
        return {url: Page(url, path.read_text()) for url, path in sorted(_as_urls(found))}

    def _documents(self) -> Iterator[Path]:
        return (path for path in self.folder.rglob("index.html"))

    def holds(self, url: str) -> bool:
        """Whether a file is served there."""
        return url in self.pages or (self.folder / url).is_file()


def _as_urls(found: dict[str, Path]) -> Iterator[tuple[str, Path]]:
    for folder, path in found.items():
        yield ("" if folder == "." else f"{folder}/"), path
