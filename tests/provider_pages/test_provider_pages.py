"""docs/providers/<preset>.md: what is rendered is up to date, what is shown runs, and each refusal is answered so."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from jwks_auth.errors import InsufficientScopeError, MissingTokenError
from jwks_auth.faults import TOKEN_FAULTS
from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier import PROVIDERS
from tests.contract.runner import refusals_logged
from tests.provider_pages import page, wire
from tests.provider_pages.apps import APPS
from tests.provider_pages.sent import signed
from tests.provider_pages.shown import PAGES, Shown

TEXTS = {
    **TOKEN_FAULTS,
    "missing_token": MissingTokenError().description,
    "insufficient_scope": InsufficientScopeError(()).description,
}
HEADINGS = ["Settings", "Get a token", "What your API reads", "Roles", "Refusals"]


@pytest.fixture
def issuer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FakeIssuer:
    """The page's provider: its issuer's name, and its keys at its address."""
    documented = PAGES[request.getfixturevalue("name")].documented
    made = FakeIssuer(str(documented.settings.get("ISSUER", "")), algorithms=(documented.alg,))
    monkeypatch.setitem(wire.PUBLISHED, str(documented.keys_at), made)
    return made


def headers(name: str, token: str | None) -> dict[str, str]:
    """Return the header in which the provider's tokens arrive."""
    if token is None:
        return {}
    source = PROVIDERS[name].source
    return {"Authorization": f"Bearer {token}"} if source == "header" else {source.partition(":")[2]: token}


@pytest.mark.parametrize("framework", APPS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_does_what_it_says(name: str, framework: str, issuer: FakeIssuer) -> None:
    """Its settings take its token, and read what its table says; its three refusals are answered as its table says."""
    shown = PAGES[name]
    with APPS[framework](page.snippet(name, framework), shown.route) as ask, refusals_logged() as logged:
        sent = signed(page.claims(name))(issuer, shown.documented)
        status, body = ask(headers(name, sent))
        assert (status, in_table(json.loads(body))) == (200, table(name)), body
        for code, expected, text in page.refusals(name):
            status, body = ask(headers(name, shown.refused[code](issuer, shown.documented)))
            assert (status, text in body, logged.pop()) == (expected, True, f"request refused: {code}"), body


def in_table(read: dict[str, Any]) -> dict[str, str]:
    """Return what an app has read, as the tables write it."""
    given = {name: value for name, value in read.items() if value}
    return {
        name: page.code(*value) if isinstance(value, list) else page.code(str(value))
        for name, value in given.items()
    }


def table(name: str) -> dict[str, str]:
    """Return the page's table of what is read."""
    return dict(re.findall(r"^\| `token\.(\w+)` \| (.*) \|$", page.text(name), re.MULTILINE))


@pytest.mark.parametrize("name", PAGES)
def test_what_is_rendered_is_up_to_date(name: str) -> None:
    """Settings, facts and what is read; ``python -m tests.test_providers_page`` writes them anew."""
    assert page.text(name) == page.written(name, page.text(name))


@pytest.mark.parametrize(("name", "shown"), PAGES.items(), ids=list(PAGES))
def test_every_page_has_the_same_parts(name: str, shown: Shown) -> None:
    """What to click, settings, a call for a token, roles, and three refusals with the texts that clients read."""
    text = page.text(name)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[0].startswith("In ")
    assert headings[1:] == HEADINGS
    assert text.partition("## Get a token\n")[2].partition("\n## ")[0].count("```console\n") == 1
    told = page.refusals(name)
    assert len(told) == 3
    assert {code for code, _, _ in told} == set(shown.refused)
    assert all(said == TEXTS[code] for code, _, said in told)
    assert "../how-to/troubleshooting.md" in text
    assert "../reference/errors.md" in text


def test_every_page_has_its_row() -> None:
    """And each row of the data its page."""
    assert {each.stem for each in page.FOLDER.glob("*.md")} == {"index", *PAGES}
