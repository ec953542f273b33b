"""docs/settings.md and the frameworks' pages list every setting that the code knows."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

from jwks_auth.settings.vocabulary import SETTING_NAMES
from tests.needs import need_module

DOCS = Path(__file__).parent.parent / "docs"


def first_column(page: str) -> set[str]:
    """The settings named there, in any table of *page*."""
    cells = re.findall(r"^\| (`[A-Z][^|]*) \|", (DOCS / page).read_text(), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_the_page_lists_every_setting() -> None:
    """In the first column of its tables."""
    assert first_column("settings.md") == SETTING_NAMES


def test_djangos_page_lists_djangos_own() -> None:
    """Those of ``JWKS_AUTH``, and those of its ``USER``."""
    need_module("django")
    import_module("tests.django_site")
    own = {*import_module("jwks_auth_django.conf").DJANGO_SETTINGS, "STORE"}
    users = import_module("jwks_auth_django.users").DATABASE_SETTINGS
    assert {*own, *users} <= first_column("django.md")
