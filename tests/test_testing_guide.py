"""The snippets of docs/how-to/testing.md run as they stand."""

import io
import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[1] / "docs" / "how-to" / "testing.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.splitlines()[-1][:30])
def test_the_snippet_runs(snippet, monkeypatch):
    """A reader can paste it; what asks for input gets Ctrl-D."""
    monkeypatch.setattr("sys.stdin", io.StringIO())
    exec(compile(snippet, str(GUIDE), "exec"), {"__name__": "snippet"})
