"""Charts of times, as SVG written by hand: no plotting library has to agree with anybody's fonts."""

from __future__ import annotations

from benchmarks.svg import legend, save, text

__all__ = ["write", "write_servers"]

BARE = "bare"
NAMES = {BARE: "signature check alone", "jwks-auth cached": "jwks-auth, token in the cache"}
ORDER = (BARE, "jwks-auth", "jwks-auth cached", "joserfc", "Authlib", "PyJWT", "python-jose")
WIDTH, ROW, TOP = 720, 24, 78
LABELS, FIGURES = 292, 70


def write(path: str, figures: dict[str, dict[str, float]]) -> None:
    """Write microseconds per verification, by algorithm and library, to *path*."""
    ordered = {alg: {name: times[name] for name in ORDER if name in times} for alg, times in figures.items()}
    _draw(path, ordered, "Time to verify a token")


def write_servers(path: str, figures: dict[str, dict[str, float]]) -> None:
    """Write microseconds of a server's CPU per request, by framework and guard, to *path*."""
    _draw(path, figures, "CPU that authentication adds to a request")


def _draw(path: str, figures: dict[str, dict[str, float]], title: str) -> None:
    longest = max(figure for times in figures.values() for figure in times.values())
    shown = {_css(name) for times in figures.values() for name in times}
    parts = [text(16, 52, "in microseconds: shorter is better", css="soft")]
    parts += legend(TOP, tuple((css, words) for css, words in _MEANING.items() if css in shown))
    top = TOP + 14
    for group, times in figures.items():
        top += 30
        parts.append(text(16, top, group, css="strong"))
        for name, figure in times.items():
            top += ROW
            parts += _bar(top, name, figure, (WIDTH - LABELS - FIGURES) * figure / longest)
    told = "; ".join(f"{group}: {_told(times)}" for group, times in figures.items())
    save(path, (WIDTH, top + 20), title, told, parts)


_MEANING = {"ours": "jwks-auth", "grey": "other libraries", "hollow": "the floor: the signature check alone"}


def _css(name: str) -> str:
    return "hollow" if name == BARE else "ours" if name.startswith("jwks-auth") else "grey"


def _bar(y: float, name: str, figure: float, length: float) -> list[str]:
    label = NAMES.get(name, name)
    css = "strong" if _css(name) == "ours" else "soft"
    return [
        text(LABELS - 10, y, label, css=css, anchor="end"),
        f'<rect x="{LABELS}" y="{y - 12}" width="{max(0.0, length):.1f}" height="15" class="{_css(name)}"/>',
        text(LABELS + max(0.0, length) + 8, y, f"{figure:.0f} us", css=css),
    ]


def _told(times: dict[str, float]) -> str:
    return ", ".join(f"{NAMES.get(name, name)} {figure:.0f}" for name, figure in times.items())
