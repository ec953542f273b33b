"""The site itself, built as ``make docs`` builds it: what a reader gets."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from types import ModuleType

import pytest

from docs_build import navigation
from docs_build.checks import problems
from docs_build.page import Page, Site
from tests.needs import need_module

READ = (
    "jwks_auth",
    "jwks_auth_django",
    "jwks_auth_flask",
    "jwks_auth_fastapi",
    "docs_build",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Built in a folder of its own, with each warning an error."""
    need_module("zensical")
    need_module("mkdocstrings_handlers")
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(navigation.ROOT / "docs", folder / "docs")
    shutil.copy(navigation.ROOT / "zensical.toml", folder)
    for name in READ:
        (folder / name).symlink_to(navigation.ROOT / name)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return Site(folder / "site")


def test_every_link_leads_somewhere_and_every_page_is_near(site: Site) -> None:
    """Two clicks at most; and nothing is loaded from another host."""
    assert len(site.pages) == len(navigation.entries())
    assert problems(site) == []


def test_every_public_name_is_in_the_reference(site: Site) -> None:
    """Each module that a page of the API describes has each name of its ``__all__`` there, with a docstring."""
    import_module("tests.django_site")
    for source in sorted((navigation.ROOT / "docs" / "reference" / "api").glob("*.md")):
        page = site.pages[f"reference/api/{source.stem}/"]
        for module in re.findall(r"^::: ([\w.]+)\n(?!    options)", source.read_text() + "\n", re.MULTILINE):
            assert missing(module, page) == set(), module


def missing(module: str, page: Page) -> set[str]:
    """The public names without a place on *page*; a module that is a name of another is no name of its own."""
    found = import_module(module)
    names = {name for name in found.__all__ if not isinstance(getattr(found, name), ModuleType)}
    return {name for name in names if not {f"{module}.{name}", f"{module}.{name}.{name}"} & page.anchors}


def test_docstrings_read_as_markdown(site: Site) -> None:
    """Roles and literals of reStructuredText are code."""
    text = site.pages["reference/api/core/"].text
    assert "<code>PyJWKClient</code>" in text
    assert ":class:" not in text
    assert "``" not in text
