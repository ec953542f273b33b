"""docs/django.md: its snippets run, and its tables name what there is."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from jwks_auth.testing import FakeIssuer
from jwks_auth_django import checks, signals
from jwks_auth_django.conf import DJANGO_SETTINGS
from jwks_auth_django.users import DATABASE_SETTINGS
from tests.django_site import settings as site

GUIDE = (Path(__file__).parents[3] / "docs" / "django.md").read_text()
SNIPPETS = re.findall(r"^```python\n(.*?)^```", GUIDE, re.S | re.M)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.split("\n")[0])
def test_snippets_run(
    snippet: str, issuer: FakeIssuer, project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they stand, in a project that has what they name."""
    project()
    shop, models = ModuleType("shop"), ModuleType("shop.models")
    models.Customer = SimpleNamespace(objects=None)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop", shop)
    monkeypatch.setitem(sys.modules, "shop.models", models)
    exec(
        compile(snippet, "docs/django.md", "exec"),
        {"INSTALLED_APPS": [], "MIDDLEWARE": [], "__name__": "guide"},
    )


def test_the_first_two_are_a_project(project: Any, issuer: FakeIssuer) -> None:
    """Five minutes: the settings and the views work together."""
    settings: dict[str, Any] = {"INSTALLED_APPS": [], "MIDDLEWARE": []}
    urls: dict[str, Any] = {"__name__": "guide"}
    exec(SNIPPETS[0], settings)
    exec(SNIPPETS[1], urls)
    project({f"/{p.pattern}": p.callback for p in urls["urlpatterns"]}, MIDDLEWARE=site.WITH_MIDDLEWARE)
    headers = issuer.headers(sub="u1", scope="orders:read")
    assert Client().get("/me", headers=headers).json() == {"sub": "u1", "user": "u1"}
    assert Client().get("/orders", headers=headers).json() == {"orders": []}
    assert Client().get("/orders", headers=issuer.headers()).status_code == 403
    assert set(settings["JWKS_AUTH"]) == {"ISSUER", "AUDIENCE"}


def test_tables_name_all_there_is() -> None:
    """Every setting, signal and check."""
    ids = set(
        re.findall(
            r'"([EW]\d{3})"', "".join(p.read_text() for p in Path(checks.__file__).parent.glob("*.py"))
        )
    )
    for name in (
        *(row.name for row in (*DJANGO_SETTINGS, *DATABASE_SETTINGS)),
        *ids,
        *(n for n in signals.__all__ if "announce" not in n),
    ):
        assert f"`{name}`" in GUIDE or f"`jwks_auth.{name}`" in GUIDE, name
