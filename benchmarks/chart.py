"""The README's chart, as an SVG written by hand: no plotting library has to agree with anybody's fonts."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write"]

ORDER = ("bare", "jwks-auth", "jwks-auth cached", "joserfc", "PyJWT", "Authlib", "python-jose")
COLOURS = {"bare": "#9aa0a6", "jwks-auth": "#1a7f5a", "jwks-auth cached": "#1a7f5a"}
WIDTH, ROW, LABELS = 720, 18, 110


def write(path: str, figures: dict[str, dict[str, float]]) -> None:
    """Write microseconds per verification, by algorithm and library, to *path*."""
    rows: list[str] = []
    top = 34
    longest = max(figure for times in figures.values() for figure in times.values())
    for alg, times in figures.items():
        rows.append(f'<text x="0" y="{top}" font-weight="bold">{alg}</text>')
        for name in (name for name in ORDER if name in times):
            top += ROW
            length = (WIDTH - LABELS - 80) * times[name] / longest
            rows.append(f'<text x="{LABELS - 8}" y="{top}" text-anchor="end">{name}</text>')
            rows.append(
                f'<rect x="{LABELS}" y="{top - 11}" width="{length:.1f}" height="13" '
                f'fill="{COLOURS.get(name, "#c9b38c")}"/>'
            )
            rows.append(f'<text x="{LABELS + length + 6:.1f}" y="{top}">{times[name]:.0f} us</text>')
        top += 28
    title = "Microseconds to verify a token with a 280-octet payload (less is better)"
    Path(path).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" '
        f'font-family="sans-serif" font-size="12" fill="#444"><rect width="100%" height="100%" fill="#fff"/>\n'
        f'<text x="0" y="14" font-size="13">{title}</text>\n' + "\n".join(rows) + "\n</svg>\n"
    )
