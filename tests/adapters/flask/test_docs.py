"""docs/flask.md: its snippets run as they stand, and do what the text says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

NEEDED = 'Bearer realm="api", scope="orders:read"'
GUIDE = Path(__file__).parents[3] / "docs" / "flask.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


def run(snippet: str) -> dict:
    """The names a snippet leaves behind."""
    names = {"__name__": "snippet"}
    exec(compile(snippet, str(GUIDE), "exec"), names)
    return names


@pytest.mark.parametrize("snippet", SNIPPETS, ids=[str(number) for number in range(len(SNIPPETS))])
def test_the_snippet_runs(snippet):
    """A reader can paste it."""
    run(snippet)


def test_the_first_snippet_is_an_app(issuer):
    """It refuses a stranger; with another issuer's keys it would let its users in."""
    app = run(SNIPPETS[0])["app"]
    answer = app.test_client().get("/orders")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, NEEDED)
    answer = app.test_client().get("/orders", headers=issuer.headers())
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")
