"""The pictures of the docs: readable in light and dark mode, by the colour-blind and by those who can't see them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import chart, outage_chart

IMAGES = Path(__file__).parent.parent / "docs" / "images"


@pytest.mark.parametrize("name", sorted(path.name for path in IMAGES.glob("*.svg")))
def test_a_picture_has_words_and_both_modes(name: str) -> None:
    """A title, a description, and colours that change with the reader's mode; no colour is given in place."""
    picture = (IMAGES / name).read_text()
    assert re.search(r"<title id=\"t\">.+</title>", picture)
    assert re.search(r"<desc id=\"d\">.+</desc>", picture, re.DOTALL)
    assert "prefers-color-scheme: dark" in picture
    assert not re.search(r"(fill|stroke)=\"#", picture)


@pytest.mark.parametrize("name", ["outage", "verification", "servers"])
def test_a_chart_has_at_most_two_colours_and_a_legend_for_each(name: str) -> None:
    """Beside grey: ours, and what failed. Each class that a mark has is explained."""
    body = (IMAGES / f"{name}.svg").read_text().split("</style>")[1]
    marks = set(re.findall(r'<(?:rect|circle) [^>]*class="(\w+)"/>', body)) - {"frame"}
    assert marks - {"grey", "shade", "hollow"} <= {"ours", "bad"}
    meant = {"ours": "jwks-auth", "grey": "other libraries", "hollow": "the floor"}
    meant |= {"bad": "lookup that fails", "shade": "the provider is down"}
    for mark in marks:
        assert meant[mark] in body


def test_a_chart_is_drawn_from_figures(tmp_path: Path) -> None:
    """The longest bar fits, every figure is written beside its bar, and a name can hold any character."""
    path = tmp_path / "chart.svg"
    chart.write(str(path), {"RS256": {"bare": 23.2, "jwks-auth": 37, "PyJWT": 141.4}})
    assert re.findall(r">(\d+) us<", path.read_text()) == ["23", "37", "141"]
    chart.write_servers(str(path), {"A & B": {"jwks-auth": -3.0, "<peer>": 20.0}})
    assert "A &amp; B" in path.read_text()
    assert 'width="-' not in path.read_text()


def test_the_outage_is_drawn_from_lookups(tmp_path: Path) -> None:
    """A dot for each, the failed ones on top."""
    path = tmp_path / "outage.svg"
    outage_chart.write(str(path), {"PyJWT": [(1.0, 3.0, False), (2.0, 1e-6, True)]})
    assert "2 lookups, 1 failed, the longest took 3.0 s" in path.read_text()
    dots = re.findall(r'r="[\d.]+" class="(\w+)"/>', path.read_text().split("PyJWT")[-1])
    assert dots == ["ours", "bad"]
