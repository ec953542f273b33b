"""The README's chart, as an SVG written by hand: no plotting library has to agree with anybody's fonts."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write", "write_servers"]

ORDER = ("bare", "jwks-auth", "jwks-auth cached", "joserfc", "PyJWT", "Authlib", "python-jose")
OURS = "#1a7f5a"
COLOURS = {
    "bare": "#9aa0a6",
    **dict.fromkeys(("jwks-auth", "jwks-auth cached", "jwks-auth, TOKEN_CACHE"), OURS),
}
WIDTH, ROW, LABELS = 720, 18, 110


def write(path: str, figures: dict[str, dict[str, float]]) -> None:
    """Write microseconds per verification, by algorithm and library, to *path*."""
    ordered = {alg: {name: times[name] for name in ORDER if name in times} for alg, times in figures.items()}
    _draw(path, ordered, "Microseconds to verify a token with a 280-octet payload (less is better)", LABELS)


def write_servers(path: str, figures: dict[str, dict[str, float]]) -> None:
    """Write microseconds of a server's CPU per request, by framework and guard, to *path*."""
    title = "Microseconds of CPU that authentication adds to a request (less is better)"
    _draw(path, figures, title, 2 * LABELS + 20)


def _draw(path: str, figures: dict[str, dict[str, float]], title: str, labels: int) -> None:
    rows: list[str] = []
    top = 34
    longest = max(figure for times in figures.values() for figure in times.values())
    for group, times in figures.items():
        rows.append(f'<text x="0" y="{top}" font-weight="bold">{group}</text>')
        for name, figure in times.items():
            top += ROW
            length = max(0.0, (WIDTH - labels - 80) * figure / longest)
            rows.append(f'<text x="{labels - 8}" y="{top}" text-anchor="end">{name}</text>')
            rows.append(
                f'<rect x="{labels}" y="{top - 11}" width="{length:.1f}" height="13" '
                f'fill="{COLOURS.get(name, "#c9b38c")}"/>'
            )
            rows.append(f'<text x="{labels + length + 6:.1f}" y="{top}">{figure:.0f} us</text>')
        top += 28
    Path(path).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" '
        f'font-family="sans-serif" font-size="12" fill="#444"><rect width="100%" height="100%" fill="#fff"/>\n'
        f'<text x="0" y="14" font-size="13">{title}</text>\n' + "\n".join(rows) + "\n</svg>\n"
    )
