"""The latency of a known key over time, as an SVG written by hand."""

from __future__ import annotations

import math

from benchmarks.svg import save, text

__all__ = ["write"]

WIDTH, PANEL, LEFT, TOP = 760, 130, 86, 116
SECONDS, RIGHT = 15.0, 16
FLOOR, CEILING = 1e-7, 10.0
PHASES = ((0, 3, "up, key rotates"), (3, 8, "hangs"), (8, 11, "answers 500"), (11, 15, "up again"))
DOWN = ("hangs", "answers 500")
LEGEND = (
    ("ours", "a lookup that succeeds"),
    ("bad", "a lookup that fails"),
    ("shade", "the provider is down"),
)


def write(path: str, series: dict[str, list[tuple[float, float, bool]]]) -> None:
    """Write one panel for each client: (second, seconds waited, succeeded), on a logarithmic scale."""
    told = (
        "A dot is a lookup of one known key, while strangers send made-up ones. A gap is a lookup that waits."
    )
    parts = [text(16, 52, told, css="soft")]
    parts += _legend(76)
    for number, (name, points) in enumerate(series.items()):
        parts += _panel(name, points, TOP + number * (PANEL + 58))
    told = "; ".join(f"{name}: {_told(points)}" for name, points in series.items())
    height = TOP + len(series) * (PANEL + 58) - 14
    save(path, (WIDTH, height), "How long a request waits for a key that is known", told, parts)


def _legend(y: float) -> list[str]:
    parts = []
    for number, (css, words) in enumerate(LEGEND):
        x = 16 + number * 190
        if css == "shade":
            parts.append(f'<rect x="{x}" y="{y - 12}" width="22" height="15" class="shade"/>')
        else:
            parts.append(f'<circle cx="{x + 7}" cy="{y - 5}" r="4" class="{css}"/>')
        parts.append(text(x + (30 if css == "shade" else 18), y, words, css="soft"))
    return parts


def _told(points: list[tuple[float, float, bool]]) -> str:
    failed = sum(not good for _, _, good in points)
    return f"{len(points)} lookups, {failed} failed, the longest took {_span(max(s for _, s, _ in points))}"


def _span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _panel(name: str, points: list[tuple[float, float, bool]], top: int) -> list[str]:
    parts = [text(LEFT, top - 8, f"{name}: {_told(points)}", css="strong")]
    for start, end, label in PHASES:
        if label in DOWN:
            box = f'x="{_x(start):.1f}" y="{top}" width="{_x(end) - _x(start):.1f}" height="{PANEL}"'
            parts.append(f'<rect {box} class="shade"/>')
        parts.append(text(_x(start) + 4, top + PANEL + 17, label, css="soft"))
    parts.append(
        f'<rect x="{LEFT}" y="{top}" width="{WIDTH - LEFT - RIGHT}" height="{PANEL}" class="frame"/>'
    )
    for seconds, label in ((1e-6, "1 us"), (1e-3, "1 ms"), (1.0, "1 s")):
        parts.append(text(LEFT - 8, _y(seconds, top) + 5, label, css="soft", anchor="end"))
    # Failures last and larger: three of six hundred must be seen.
    for second, seconds, good in sorted(points, key=lambda point: not point[2]):
        css, radius = ("ours", 1.6) if good else ("bad", 4.5)
        parts.append(
            f'<circle cx="{_x(second):.1f}" cy="{_y(seconds, top):.1f}" r="{radius}" class="{css}"/>'
        )
    return parts


def _x(second: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * min(second, SECONDS) / SECONDS


def _y(seconds: float, top: int) -> float:
    share = math.log(max(seconds, FLOOR) / FLOOR) / math.log(CEILING / FLOOR)
    return top + PANEL * (1 - min(1.0, share))
