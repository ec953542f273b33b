"""The snippets of docs/how-to/dpop.md, run; and its tables, which name what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jwks_auth.adapters import Authenticator, Credentials, Settings
from jwks_auth.testing import FakeIssuer
from tests.needs import need_module

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "how-to" / "dpop.md").read_text()
SETTINGS, TESTS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def run(text: str) -> dict[str, Any]:
    """The names that a snippet makes."""
    names: dict[str, Any] = {}
    exec(compile(text, "dpop.md", "exec"), names)
    return names


def test_the_settings_are_settings() -> None:
    """They are taken as they stand."""
    need_module("redis")
    assert Authenticator(Settings.from_mapping(run(SETTINGS)["JWKS_AUTH"]))


def test_the_test_kit_does_as_the_page_says() -> None:
    """The headers admit, once."""
    made = run(TESTS)
    issuer: FakeIssuer = made["issuer"]
    given = {
        **issuer.settings(),
        "DPOP": "require",
        "DPOP_REPLAY": "memory",
        "PUBLIC_URL": "https://api.acme.dev",
    }
    service = Authenticator(given, in_tests=True)
    url = "https://api.acme.dev/orders"
    token = service.authenticate(Credentials.from_headers(made["headers"].items(), url=url))
    assert token is not None
    assert (token.subject, token.sender) == ("u1", "dpop")


def test_every_test_that_the_page_names_is_there() -> None:
    """And each setting."""
    named = re.findall(r"`(tests/[^`]+)`", PAGE)
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
    settings = set(re.findall(r"`(DPOP\w*|PUBLIC_URL)\b", PAGE))
    rows = (ROOT / "docs" / "reference" / "settings.md").read_text()
    assert {name for name in settings if f"`{name}`" not in rows} == set()
