"""The navigation, and what is made of it for assistants."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from docs_build import navigation
from tests.needs import need_module

NAV = '[project]\nnav = [{ "Home" = "index.md" }, { "Guides" = ["guides/index.md", { "One" = "guides/one.md" }] }]\n'
PAGES = {
    "index.md": "# Ours\n\nWhat it is. More.\n",
    "guides/index.md": "# Guides\n\n| a | b |\n|---|---|\n",
    "guides/one.md": "# The first\n\nRead [this](index.md) first. Then that.\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of three pages."""
    (tmp_path / "zensical.toml").write_text(NAV)
    for name, text in PAGES.items():
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text(text)
    return tmp_path


def test_every_page_of_ours_is_in_the_navigation() -> None:
    """Once, and under its name."""
    assert navigation.faults() == []


def test_a_page_outside_of_the_navigation_is_told(root: Path) -> None:
    """With what to do about it."""
    assert navigation.faults(root) == []
    (root / "docs" / "two.md").write_text("# Two\n")
    assert navigation.faults(root) == ["docs/two.md has no line in zensical.toml's nav"]


def test_a_page_that_is_gone_is_told(root: Path) -> None:
    """As is one that stands there twice."""
    (root / "docs" / "guides" / "one.md").unlink()
    (root / "zensical.toml").write_text(NAV.replace('"index.md" }', '"index.md" }, { "Too" = "index.md" }'))
    assert (
        navigation.faults(root)
        == [
            "zensical.toml's nav names docs/guides/one.md, which is not there",
            "zensical.toml's nav names docs/index.md twice",
            "zensical.toml's nav names docs/index.md twice",
        ][:2]
    )


@pytest.fixture
def assistants() -> Any:
    """The module, which reads docstrings with Griffe."""
    need_module("griffe")
    return importlib.import_module("docs_build.assistants")


def test_the_index_for_assistants_tells_of_each_page(root: Path, assistants: Any) -> None:
    """Its section, title, address and first sentence, without links of its own."""
    text = assistants.index(root)
    assert "## Home\n\n- [Home](./): What it is.\n" in text
    assert "## Guides\n\n- [Guides](guides/)\n- [One](guides/one/): Read this first.\n" in text


def test_the_full_text_has_the_api(assistants: Any) -> None:
    """Names, signatures and docstrings, of methods too, in place of the line that has the site make them."""
    text = assistants.full_text()
    page = text.partition("page: reference/api/core.md")[2].partition("\npage: ")[0]
    assert ":::" not in text.partition("page: reference/api/")[2]
    assert "### `class TokenVerifier`\n\nVerifies access tokens" in page
    assert "### `verify_jws(raw:" in page
    assert "* `challenge(" in page


def test_the_full_text_has_every_page(root: Path, tmp_path: Path, assistants: Any) -> None:
    """As it is written, in the navigation's order, in one file."""
    site = tmp_path / "site"
    site.mkdir()
    assistants.write(site, root)
    text = (site / "llms-full.txt").read_text()
    places = [text.index(f"page: {name}\n\n{page.strip()}") for name, page in PAGES.items()]
    assert places == sorted(places)
    assert (site / "llms.txt").read_text() == assistants.index(root)
