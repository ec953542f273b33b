"""docs/troubleshooting.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import Issuer, KeySourceError, TokenVerifier
from jwks_auth.errors import REQUEST_FAULTS, TOKEN_FAULTS, InsufficientScopeError, MissingTokenError
from jwks_auth.testing import FakeIssuer

PAGE = (Path(__file__).parent.parent / "docs" / "troubleshooting.md").read_text()
ISSUER = FakeIssuer("https://acme.eu.auth0.com/")


def explained(raw: str, issuer: str = ISSUER.issuer) -> str:
    """What the command prints."""
    return str(TokenVerifier(Issuer(issuer, jwks=ISSUER.jwks), audience="api").explain(raw))


@pytest.mark.parametrize(
    "text",
    [
        *TOKEN_FAULTS.values(),
        *REQUEST_FAULTS.values(),
        MissingTokenError().description,
        InsufficientScopeError(()).description,
        KeySourceError.description,
    ],
)
def test_every_answer_is_in_the_table(text: str) -> None:
    """Whatever a client reads, the page says what to do."""
    assert f"| {text}" in PAGE


def test_the_explanation_is_what_the_command_prints() -> None:
    """But for lengths, which depend on the token."""
    shown = PAGE.split("token.txt\n")[1].split("```")[0]
    printed = explained(ISSUER.token(), "https://acme.eu.auth0.com") + "\n"
    assert re.sub(r"\d{3}", "n", shown) == re.sub(r"\d{3}", "n", printed)


@pytest.mark.parametrize(
    ("claims", "hint"),
    [
        ({"exp": None}, "the token lacks exp; have the issuer add it"),
        ({"aud": "reports"}, "or, if this one is meant, add it to the audience"),
        ({"aud": None}, "the token names no audience"),
    ],
)
def test_hints_say_what_to_do(claims: dict[str, Any], hint: str) -> None:
    """The last line of an explanation."""
    assert hint in explained(ISSUER.token(**claims)).splitlines()[-1]
