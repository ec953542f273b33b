"""The latency of a known key over time, as an SVG written by hand."""

from __future__ import annotations

import math
from pathlib import Path

__all__ = ["write"]

WIDTH, PANEL, LEFT, TOP = 760, 150, 80, 46
SECONDS = 15.0
FLOOR, CEILING = 1e-7, 10.0
PHASES = ((0, 3, "provider up, key rotates"), (3, 8, "hangs"), (8, 11, "answers 500"), (11, 15, "up again"))
GOOD, BAD = "#1a7f5a", "#c5221f"


def write(path: str, series: dict[str, list[tuple[float, float, bool]]]) -> None:
    """Write one panel for each client: (second, seconds waited, succeeded), on a logarithmic scale."""
    parts = [
        '<text x="0" y="14" font-size="13">How long a lookup of a known key takes (lifespan 3 s, timeout 1.5 s, '
        "made-up kids all the time)</text>"
    ]
    for number, (name, points) in enumerate(series.items()):
        parts += _panel(name, points, TOP + number * (PANEL + 40))
    height = TOP + len(series) * (PANEL + 40)
    Path(path).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'font-family="sans-serif" font-size="11" fill="#444"><rect width="100%" height="100%" fill="#fff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _panel(name: str, points: list[tuple[float, float, bool]], top: int) -> list[str]:
    failed = sum(not good for _, _, good in points)
    worst = max(seconds for _, seconds, _ in points)
    parts = [
        f'<text x="{LEFT}" y="{top - 6}" font-weight="bold">{name}: {len(points)} lookups, {failed} failed (red), '
        f"worst {worst * 1000:.1f} ms</text>"
    ]
    for start, end, label in PHASES:
        shade = "#f4f4f4" if label in ("hangs", "answers 500") else "#fff"
        parts.append(
            f'<rect x="{_x(start):.1f}" y="{top}" width="{_x(end) - _x(start):.1f}" height="{PANEL}" '
            f'fill="{shade}" stroke="#ddd"/><text x="{_x(start) + 4:.1f}" y="{top + PANEL + 14}">{label}</text>'
        )
    for seconds, label in ((1e-6, "1 us"), (1e-3, "1 ms"), (1.0, "1 s")):
        parts.append(f'<text x="{LEFT - 8}" y="{_y(seconds, top) + 4:.1f}" text-anchor="end">{label}</text>')
    for second, seconds, good in points:
        parts.append(
            f'<circle cx="{_x(second):.1f}" cy="{_y(seconds, top):.1f}" r="1.6" fill="{GOOD if good else BAD}"/>'
        )
    return parts


def _x(second: float) -> float:
    return LEFT + (WIDTH - LEFT) * min(second, SECONDS) / SECONDS


def _y(seconds: float, top: int) -> float:
    share = math.log(max(seconds, FLOOR) / FLOOR) / math.log(CEILING / FLOOR)
    return top + PANEL * (1 - min(1.0, share))
