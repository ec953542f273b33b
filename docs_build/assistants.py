"""The docs for assistants: ``llms.txt``, a list of the pages, and ``llms-full.txt``, all of them in one file."""

from __future__ import annotations

import re
from pathlib import Path

from docs_build.api import described
from docs_build.navigation import ROOT, entries

__all__ = ["full_text", "index", "write"]

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_SENTENCE = re.compile(r"(.+?[.?])(\s|$)")
_MODULE = re.compile(r"^::: ([\w.]+)\n( {4}.*\n)*", re.MULTILINE)
_HEAD = """# jwks-auth

> JWT access-token authentication for Python web APIs: a strict core, and adapters for Django, Flask, FastAPI and
> Starlette. Two settings, issuer and audience; refusals with the right status and challenge; tests without a provider.

All pages in one file: [llms-full.txt](llms-full.txt)
"""


def index(root: Path = ROOT) -> str:
    """Return ``llms.txt``: each page with its title and its first sentence, under the site's sections."""
    lines, section = [_HEAD], ""
    for titles, path in entries(root):
        if titles[0] != section:
            section = titles[0]
            lines.append(f"\n## {section}\n")
        lines.append(
            f"- [{': '.join(titles[1:]) or titles[0]}]({_url(path)}){_told((root / 'docs' / path).read_text())}"
        )
    return "\n".join(lines) + "\n"


def full_text(root: Path = ROOT) -> str:
    """Return ``llms-full.txt``: the Markdown of every page, each after a line with its path, the API written out."""
    pages = (f"\n\n---\npage: {path}\n\n{_whole(root, path)}" for _, path in entries(root))
    return _HEAD.partition("\nAll pages")[0] + "".join(pages) + "\n"


def _whole(root: Path, path: str) -> str:
    text = (root / "docs" / path).read_text() + "\n"
    return _MODULE.sub(lambda found: described(found[1], root), text).strip()


def write(site: Path, root: Path = ROOT) -> None:
    """Write both files into the built *site*."""
    (site / "llms.txt").write_text(index(root))
    (site / "llms-full.txt").write_text(full_text(root))


def _url(path: str) -> str:
    return path.removesuffix(".md").removesuffix("index").rstrip("/") + "/" if path != "index.md" else "./"


def _told(text: str) -> str:
    """Return the first sentence of a page that begins with one, and nothing for others."""
    opening = text.partition("\n\n")[2].partition("\n\n")[0]
    found = _SENTENCE.match(_LINK.sub(r"\1", " ".join(opening.split())))
    return f": {found[1]}" if found and opening[0] not in "|`=!#" else ""
