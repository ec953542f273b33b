"""docs/how-to/django: the snippets run, and the tables name what there is."""

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

PAGES = {
    page.name: page.read_text()
    for page in sorted((Path(__file__).parents[3] / "docs" / "how-to" / "django").glob("*.md"))
}
SNIPPETS = {name: re.findall(r"^```python\n(.*?)^```", text, re.S | re.M) for name, text in PAGES.items()}


@pytest.mark.parametrize(
    ("page", "snippet"),
    [
        pytest.param(page, snippet, id=f"{page}: {snippet.splitlines()[0]}")
        for page, snippets in SNIPPETS.items()
        for snippet in snippets
    ],
)
def test_snippets_run(
    page: str, snippet: str, issuer: FakeIssuer, project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they stand, in a project that has what they name."""
    project()
    shop, models = ModuleType("shop"), ModuleType("shop.models")
    models.Customer = SimpleNamespace(objects=None)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop", shop)
    monkeypatch.setitem(sys.modules, "shop.models", models)
    guide = ModuleType("guide")
    monkeypatch.setitem(sys.modules, "guide", guide)
    vars(guide).update(INSTALLED_APPS=[], MIDDLEWARE=[])
    exec(compile(snippet, f"docs/how-to/django/{page}", "exec"), vars(guide))


def test_the_first_two_are_a_project(project: Any, issuer: FakeIssuer) -> None:
    """Five minutes: the settings and the views work together."""
    settings: dict[str, Any] = {"INSTALLED_APPS": [], "MIDDLEWARE": []}
    urls: dict[str, Any] = {"__name__": "guide"}
    exec(SNIPPETS["start.md"][0], settings)
    exec(SNIPPETS["start.md"][1], urls)
    project({f"/{p.pattern}": p.callback for p in urls["urlpatterns"]}, MIDDLEWARE=site.WITH_MIDDLEWARE)
    headers = issuer.headers(sub="u1", scope="orders:read")
    assert Client().get("/me", headers=headers).json() == {"sub": "u1", "user": "u1"}
    assert Client().get("/orders", headers=headers).json() == {"orders": []}
    assert Client().get("/orders", headers=issuer.headers()).status_code == 403
    assert set(settings["JWKS_AUTH"]) == {"ISSUER", "AUDIENCE"}


def test_the_data_migration_links_accounts(database: None) -> None:
    """As it stands, with the apps of this project."""
    from django.apps import apps
    from django.contrib.auth.models import User

    from jwks_auth_django.models import JWTIdentity

    (snippet,) = [each for each in SNIPPETS["users.md"] if "bulk_create" in each]
    guide: dict[str, Any] = {"__name__": "guide"}
    exec(snippet, guide)
    ada, _ = User.objects.create_user("ada"), User.objects.create_superuser("root")
    for _ in range(2):
        guide["Migration"].operations[0].code(apps, None)
        assert [(each.user, each.subject) for each in JWTIdentity.objects.all()] == [
            (ada, f"legacy|{ada.pk}")
        ]


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
        assert any(f"`{name}`" in page or f"`jwks_auth_django.{name}`" in page for page in PAGES.values()), (
            name
        )
