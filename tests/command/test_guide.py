"""docs/reference/commands.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jwks_auth.command import SUBCOMMANDS
from tests.command.programs import called

PAGE = (Path(__file__).parent.parent.parent / "docs" / "reference" / "commands.md").read_text()


def test_doctor_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Line by line."""
    given, shown = re.search(
        r"\$ cat \.env\n(.*?)\$ jwks-auth doctor \.env\n(.*?)```", PAGE, re.DOTALL
    ).groups()  # type: ignore[union-attr]
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text(given)
    assert called("doctor", ".env").out == shown


@pytest.mark.parametrize("name", [each for each in SUBCOMMANDS if each not in ("serve", "token")])
def test_the_page_has_every_subcommand(name: str) -> None:
    """With what it does."""
    assert re.search(rf"^\| .*`{name}\b", PAGE, re.MULTILINE)


def test_every_option_on_the_page_exists() -> None:
    """In the parser of the subcommand that it stands beside."""
    script = called("completion", "bash").out
    missing = {option for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE) if option not in script}
    assert missing == {"--api", "--name"}  # of Django and Flask
