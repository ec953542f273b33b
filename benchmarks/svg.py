"""What our charts have in common: two colours beside grey, light and dark mode, and texts to be read aloud."""

from __future__ import annotations

from html import escape
from pathlib import Path

__all__ = ["legend", "save", "text"]

STYLE = """<style>
  :root {
    --bg: #ffffff; --ink: #1c2430; --soft: #5b6675; --line: #c9d1dc; --grey: #98a3b3;
    --shade: #eef1f5; --ours: #0b6bcb; --bad: #b3261e;
  }
  @media (prefers-color-scheme: dark) { :root {
    --bg: #171b24; --ink: #e7ecf3; --soft: #a9b4c4; --line: #3a4556; --grey: #7c899c;
    --shade: #232b3a; --ours: #7ab8ff; --bad: #ff9d94;
  } }
  text { font: 14px system-ui, sans-serif; fill: var(--ink); }
  .title { font-size: 17px; font-weight: 600; }
  .strong { font-weight: 600; }
  .soft { fill: var(--soft); }
  .ours { fill: var(--ours); }
  .bad { fill: var(--bad); }
  .grey { fill: var(--grey); }
  .shade { fill: var(--shade); }
  .hollow { fill: none; stroke: var(--ours); stroke-width: 1.5; }
  .frame { fill: none; stroke: var(--line); }
</style>"""


def text(x: float, y: float, words: str, *, css: str = "", anchor: str = "start") -> str:
    """Return *words* at a place."""
    about = f' class="{css}"' if css else ""
    about += f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{about}>{escape(words)}</text>'


def legend(y: float, entries: tuple[tuple[str, str], ...], *, width: float = 170) -> list[str]:
    """Return a row of patches, each with what it stands for: (class, words)."""
    parts = []
    for number, (css, words) in enumerate(entries):
        x = 16 + number * width
        parts += [f'<rect x="{x:.1f}" y="{y - 11:.1f}" width="13" height="13" class="{css}"/>']
        parts += [text(x + 20, y, words, css="soft")]
    return parts


def save(path: str, size: tuple[int, float], title: str, description: str, parts: list[str]) -> None:
    """Write *parts* under their title; *description* is for those who can't see them."""
    width, height = size
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" width="{width}" '
        f'height="{height:.0f}" role="img" aria-labelledby="t d">\n<title id="t">{escape(title)}</title>\n'
        f'<desc id="d">{escape(description)}</desc>\n{STYLE}\n'
        f'<rect width="{width}" height="{height:.0f}" rx="10" fill="var(--bg)"/>\n{text(16, 30, title, css="title")}\n'
    )
    Path(path).write_text(head + "\n".join(parts) + "\n</svg>\n")
