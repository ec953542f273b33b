"""A page of the tutorial, as a reader of one framework's tabs sees it: files to write, and requests to send."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Request", "files", "requests", "seen"]

FOLDER = Path(__file__).parents[2] / "docs" / "tutorial"
FILE = re.compile(r'^```python title="([\w./]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def seen(page: str, framework: str) -> str:
    """The text of docs/tutorial/<page>.md with the chosen tabs alone, no longer indented."""
    return "\n".join(_chosen((FOLDER / f"{page}.md").read_text().splitlines(), framework))


def _chosen(lines: list[str], framework: str) -> Iterator[str]:
    tab = None
    for line in lines:
        if opened := re.match(r'=== "(.*)"', line):
            tab = opened[1]
        elif line and not line.startswith("    "):
            tab = None
            yield line
        elif tab in (None, framework):
            yield line[4:] if tab else line


def files(page: str, framework: str) -> dict[str, str]:
    """Each file that the page has its reader write."""
    return dict(FILE.findall(seen(page, framework)))


@dataclass
class Request:
    """A call of curl: what it sends, and the lines that the page shows as its answer."""

    path: str = "/"
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    with_head: bool = False
    shown: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, command: str, variables: Mapping[str, str]) -> Request:
        """Read the command line, with the shell's variables put in."""
        words = iter(shlex.split(re.sub(r"\$\{?(\w+)\}?", lambda found: variables[found[1]], command))[1:])
        made = cls()
        for word in words:
            if word == "-i":
                made.with_head = True
            elif word == "-H":
                name, _, value = next(words).partition(": ")
                made.headers[name] = value
            elif word == "-X":
                made.method = next(words)
            elif word == "-d":
                made.body = next(words).encode()
            else:
                made.path = word.removeprefix("http://127.0.0.1:8000")
        return made


def requests(page: str, framework: str, variables: Mapping[str, str]) -> list[Request]:
    """Each call of curl on the page, in order."""
    found: list[Request] = []
    for block in CONSOLE.findall(seen(page, framework)):
        for line in block.splitlines():
            if line.startswith("$ curl "):
                found.append(Request.of(line[2:], variables))
            elif line and not line.startswith("$") and found:
                found[-1].shown.append(line)
    return found
