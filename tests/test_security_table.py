"""docs/reference/security.md names every rule, and tests that exist, as docs/reference/keys.md does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.attacks import table

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "reference" / "security.md").read_text()


def test_every_rule_has_its_row() -> None:
    """The items of the standards that concern verification, none left out."""
    last = {
        "6750": 11,
        "9068": 13,
        "BCP": 16,
        "JOSE": 11,
        "DISC": 6,
        "9700": 8,
        "9728": 7,
        "STEP": 4,
        "MTLS": 5,
        "7662": 8,
        "9701": 3,
        "OWN": 4,
    }
    items = [f"{family}-{number}" for family, count in last.items() for number in range(1, count + 1)]
    assert (
        re.findall(
            r"^\| ((?:6750|9068|BCP|JOSE|DISC|9700|9728|STEP|MTLS|7662|9701|OWN)-\d+) \|", TEXT, re.MULTILINE
        )
        == items
    )


@pytest.mark.parametrize(("page", "least"), [("reference/security.md", 50), ("reference/keys.md", 30)])
def test_every_test_named_exists(page: str, least: int) -> None:
    """By its file and its name."""
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs" / page).read_text())
    assert len(named) > least
    missing = [
        f"{path}::{name}" for path, name in named if (name and f"def {name}") not in (ROOT / path).read_text()
    ]
    assert missing == []


def test_every_group_of_attacks_named_exists() -> None:
    """And every group is named."""
    cells = re.findall(r"attack\s+suite ((?:`\w+`(?:, )?)+)", TEXT)
    named = {name for cell in cells for name in re.findall(r"\w+", cell)}
    assert named == {group.__name__ for group in table.GROUPS}


def test_every_rule_is_named_where_it_is_shown() -> None:
    """A test says in its name, its docstring or its rows which rule it shows; so does a group of attacks."""
    groups = {group.__name__: str(group.__doc__) for group in table.GROUPS}
    unnamed = []
    for item, row in re.findall(
        r"^\| ((?:6750|9068|BCP|JOSE|DISC|9700|9728|STEP|MTLS|7662|9701|OWN)-\d+) \|(.*)", TEXT, re.MULTILINE
    ):
        shown = [source_of(*test) for test in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)]
        shown += [groups[name] for name in re.findall(r"`(\w+)`", row.partition("attack suite")[2])]
        if shown and not any(
            re.search(rf"{item.replace('-', '[-_]')}(?!\d)", text, re.IGNORECASE) for text in shown
        ):
            unnamed.append(item)
    assert unnamed == []


def source_of(path: str, name: str) -> str:
    """A test with its decorators, after its module's docstring."""
    text = (ROOT / path).read_text()
    before, after = text.split(f"def {name}(")
    return "\n".join([text[:300], before.rpartition("\n\n\n")[2], name, after.partition("\n\n\n")[0]])
