"""The snippets of docs/how-to/mtls.md, run; and its tables, which name what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import InvalidTokenError
from jwks_auth.adapters import Authenticator, Credentials, Settings
from jwks_auth.faults import TOKEN_FAULTS
from jwks_auth.proofs import FORMATS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "mtls.md").read_text()
SETTINGS, OF_GUNICORN, TESTS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def run(text: str) -> dict[str, Any]:
    """The names that a snippet makes."""
    names: dict[str, Any] = {}
    exec(compile(text, "mtls.md", "exec"), names)
    return names


def test_the_settings_are_settings() -> None:
    """They are taken as they stand."""
    assert Authenticator(Settings.from_mapping(run(SETTINGS)["JWKS_AUTH"]))


def test_the_function_is_one() -> None:
    """It takes credentials, of which gunicorn's environment is a part."""

    class Socket:
        def getpeercert(self, *, binary_form: bool) -> bytes:
            assert binary_form
            return b"DER"

    found = run(OF_GUNICORN)["CLIENT_CERTIFICATE"]
    assert found(Credentials.from_wsgi({"gunicorn.socket": Socket()})) == b"DER"


def test_the_test_kit_does_as_the_page_says() -> None:
    """The headers admit, and those without the certificate do not."""
    made = run(TESTS)
    service = Authenticator(made["settings"], in_tests=True)
    token = service.authenticate(Credentials.from_headers(made["headers"].items()))
    assert token is not None
    assert (token.subject, token.sender) == ("u1", "mtls")
    with pytest.raises(InvalidTokenError):
        service.authenticate(Credentials.from_headers(made["stolen"].items()))


def test_every_format_and_every_code_has_its_row() -> None:
    """And every test that the page names is there."""
    assert set(re.findall(r"\| `([a-z0-9-]+)` \|$", PAGE, re.MULTILINE)) == set(FORMATS)
    codes = re.findall(r"^\| `(\w+)` \| ", PAGE.partition("| refusal")[2].partition("## ")[0], re.MULTILINE)
    assert set(codes) <= TOKEN_FAULTS.keys()
    named = re.findall(r"`(tests/[\w/]+\.py)`", PAGE)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
