"""The page of providers says what their rows say.

``python -m tests.test_providers_page`` writes its tables anew, and what is rendered of each provider's own page.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from jwks_auth.settings import Settings
from jwks_auth.verifier import PROVIDERS
from jwks_auth.verifier.preset import Preset
from tests.provider_pages.page import FOLDER, code, place
from tests.provider_pages.page import written as written_page
from tests.provider_pages.shown import PAGES

PAGE = FOLDER / "index.md"


def beside(row: Preset) -> str:
    """Return the settings that stand beside the issuer."""
    audience = code(row.audience.replace("{project}", "<project id>"))
    said = f"`AUDIENCE` {audience}"
    if row.clients is not None:
        said = f"`ALLOWED_CLIENTS` {code(row.clients)}; or {said}"
    if row.keys is None:
        said += f"; `JWKS_URI` {code(row.keys_to_paste)}"
    if row.claims:
        said += f"; `REQUIRED_CLAIMS` {code(str(dict(row.claims)))}"
    return said


def linked(name: str) -> str:
    """Return the provider's name, which leads to its page if it has one."""
    return f"[`{name}`]({name}.md)" if name in PAGES else f"`{name}`"


def to_paste(name: str, row: Preset) -> str:
    """Return a line of the first table."""
    issuer = code(row.issuer) if name != "entra-multitenant" else 'instead: `TENANTS` `["<tenant id>"]`'
    return f"| {linked(name)} | {issuer} | {beside(row)} | {code(*row.profiles)} |"


def known(name: str, row: Preset) -> str:
    """Return a line of the second table."""
    cells = [
        code(row.keys) if row.keys else "to be said",
        *(code(*map(place, of)) for of in (row.scope_claims, row.roles_claim, row.permissions_claim)),
        code(*row.algorithms or ()),
        "`Authorization`" if row.source == "header" else f"`{row.source.partition(':')[2]}`",
    ]
    return f"| `{name}` | {' | '.join(cells)} |"


def noted(name: str, row: Preset) -> str | None:
    """Return a line of the third table."""
    return f"| `{name}` | {row.note} |" if row.note else None


TABLES = {"What to paste": to_paste, "What is known": known, "What else to know": noted}


def written(page: str) -> str:
    """Return *page* with its tables made from the rows."""
    for heading, line in TABLES.items():
        lines = [made for name, row in PROVIDERS.items() if (made := line(name, row)) is not None]
        before, _, after = page.partition(f"## {heading}\n")
        head = re.search(r"^\|.*\n\|-.*\n", after, re.MULTILINE)
        assert head is not None
        rest = re.sub(r"\A(\|.*\n)+", "", after[head.end() :])
        page = f"{before}## {heading}\n{after[: head.end()]}" + "\n".join(lines) + f"\n{rest}"
    return page


def test_the_pages_tables_are_the_rows() -> None:
    """Every provider with what to paste and what is known; ``python -m tests.test_providers_page`` writes them."""
    assert PAGE.read_text() == written(PAGE.read_text())


@pytest.mark.parametrize("snippet", re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL))
def test_what_is_shown_can_be_pasted(snippet: str) -> None:
    """Each snippet runs, and each of settings makes a verifier."""
    pasted: dict[str, Any] = {}
    exec(compile(snippet, "providers.md", "exec"), pasted)
    if "JWKS_AUTH" in pasted:
        assert Settings.from_mapping(pasted["JWKS_AUTH"]).verifier().issuers


def test_every_provider_has_a_module_of_tests() -> None:
    """Each row is held to that provider's own documentation."""
    modules = {path.stem for path in (Path(__file__).parent / "providers").glob("test_*.py")}
    assert modules == {f"test_{name.replace('-', '_')}" for name in PROVIDERS}


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
    for each in PAGES:
        (FOLDER / f"{each}.md").write_text(written_page(each, (FOLDER / f"{each}.md").read_text()))
