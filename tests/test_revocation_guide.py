"""docs/how-to/revocation.md: what it shows runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

GUIDE = (Path(__file__).parent.parent / "docs" / "how-to" / "revocation.md").read_text()


@pytest.mark.parametrize("snippet", re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL))
def test_a_snippet_runs(snippet: str) -> None:
    """As it stands there."""
    exec(compile(snippet, "revocation.md", "exec"), {})
