"""docs/reference/errors.md: its tables are the library's codes.

``python -m tests.test_errors_page`` writes them anew.
"""

from __future__ import annotations

import re
from pathlib import Path

import jwks_auth
from jwks_auth import Refused
from jwks_auth.faults import PROOF_FAULTS, REQUEST_FAULTS, TOKEN_FAULTS

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "errors.md"
TABLES = {
    "Codes of tokens": TOKEN_FAULTS,
    "Codes of requests": REQUEST_FAULTS,
    "Codes of proofs": PROOF_FAULTS,
}


def written(page: str) -> str:
    """Return *page* with its tables made from the codes."""
    for heading, faults in TABLES.items():
        rows = "".join(f"| `{code}` | {text} |\n" for code, text in faults.items())
        before, found, after = page.partition(f"## {heading}\n")
        start = re.search(r"\| code \|.*\n\|---\|---\|\n", after)
        assert found
        assert start
        rest = re.sub(r"\A(\|.*\n)*", "", after[start.end() :])
        page = before + found + after[: start.end()] + rows + rest
    return page


def test_the_tables_are_the_codes() -> None:
    """Each code with its text."""
    assert PAGE.read_text() == written(PAGE.read_text())


def test_the_exceptions_are_those_of_the_package() -> None:
    """Each public one, with its status and its error."""
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| ([^|]*) \|", PAGE.read_text(), re.MULTILINE)
    public = {name for name in jwks_auth.__all__ if name.endswith("Error")}
    assert {name for name, _, _ in rows} == public - {"AuthError", "JWKSAuthError"}
    for name, status, error in rows:
        kind = getattr(jwks_auth, name)
        if issubclass(kind, Refused):
            assert kind.status == int(status)
            assert getattr(kind, "error", None) in (None, *re.findall(r"\w+", error))


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
