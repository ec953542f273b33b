"""The docs for assistants: ``llms.txt``, a list of the pages, and ``llms-full.txt``, all of them in one file."""

from __future__ import annotations

import re
from pathlib import Path

from docs_build.navigation import ROOT, entries

__all__ = ["full_text", "index", "write"]

_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_SENTENCE = re.compile(r"(.+?[.:])(\s|$)", re.DOTALL)
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
        text = (root / "docs" / path).read_text()
        lines.append(f"- [{_title(text, path)}]({_url(path)}){_told(text)}")
    return "\n".join(lines) + "\n"


def full_text(root: Path = ROOT) -> str:
    """Return ``llms-full.txt``: the Markdown of every page, each after a line with its path."""
    pages = ((path, (root / "docs" / path).read_text().strip()) for _, path in entries(root))
    return (
        _HEAD.partition("\nAll pages")[0]
        + "".join(f"\n\n---\npage: {path}\n\n{text}" for path, text in pages)
        + "\n"
    )


def write(site: Path, root: Path = ROOT) -> None:
    """Write both files into the built *site*."""
    (site / "llms.txt").write_text(index(root))
    (site / "llms-full.txt").write_text(full_text(root))


def _url(path: str) -> str:
    return path.removesuffix(".md").removesuffix("index").rstrip("/") + "/" if path != "index.md" else "./"


def _title(text: str, path: str) -> str:
    found = _TITLE.search(text)
    return found[1] if found else path


def _told(text: str) -> str:
    paragraphs = text.partition("\n\n")[2].split("\n\n")
    first = next((each for each in paragraphs if each[:1].isalpha() or each[:1] in "`["), "")
    found = _SENTENCE.match(_LINK.sub(r"\1", " ".join(first.split())))
    return f": {found[1]}" if found else ""
