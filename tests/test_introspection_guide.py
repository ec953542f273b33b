"""The snippets of docs/how-to/introspection.md run as they stand, and do what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import InvalidTokenError
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.testing import FakeIssuer

GUIDE = Path(__file__).parent.parent / "docs" / "how-to" / "introspection.md"


def snippet_with(word: str) -> dict[str, Any]:
    """The names that the snippet which has *word* leaves behind."""
    [text] = [
        each for each in re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL) if word in each
    ]
    names: dict[str, Any] = {}
    exec(compile(text, str(GUIDE), "exec"), names)
    return names


def test_the_settings_start_a_service(tmp_path: Path) -> None:
    """Once the secret is where they say."""
    secret = tmp_path / "introspection"
    secret.write_text("s3cret\n")
    settings = snippet_with("id.acme.dev")["settings"]
    named = settings["INTROSPECTION_CLIENT"]["SECRET"]
    client = {**settings["INTROSPECTION_CLIENT"], "SECRET": named.replace("/run/secrets", str(tmp_path))}
    assert Authenticator({**settings, "INTROSPECTION_CLIENT": client}, in_tests=True) is not None


def test_the_function_knows_its_keys() -> None:
    """One that is known, one that is not, and what is somebody else's."""
    function = snippet_with("def api_key")["api_key"]
    auth = Authenticator({**FakeIssuer().settings("api"), "OTHER_TOKENS": function}, in_tests=True)
    token = auth.authenticate(Credentials(["Bearer ak_example"]))
    assert token is not None
    assert (token.kind, token.subject) == ("other", "partner-7")
    assert token.scopes == {"orders:read"}
    with pytest.raises(InvalidTokenError) as caught:
        auth.authenticate(Credentials(["Bearer ak_unknown"]))
    assert caught.value.code == "revoked"
    with pytest.raises(InvalidTokenError, match="malformed"):
        auth.authenticate(Credentials(["Bearer other"]))


def test_the_snippet_for_tests_runs() -> None:
    """A reader can paste it."""
    names = snippet_with("FakeIssuer.serve()")
    assert names["issuer"].introspect(names["token"]) == {"active": False}
