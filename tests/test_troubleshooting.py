"""docs/how-to/troubleshooting.md."""

from __future__ import annotations

import io
import logging
import logging.config
import re
from pathlib import Path
from typing import Any

import pytest

from jwks_auth import InvalidTokenError, Issuer, KeySourceError, TokenVerifier
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.errors import InsufficientScopeError, MissingTokenError
from jwks_auth.faults import PROOF_FAULTS, REQUEST_FAULTS, TOKEN_FAULTS
from jwks_auth.testing import FakeIssuer

PAGE = (Path(__file__).parent.parent / "docs" / "how-to" / "troubleshooting.md").read_text()
ISSUER = FakeIssuer("https://acme.eu.auth0.com/")


def explained(raw: str, issuer: str = ISSUER.issuer) -> str:
    """What the command prints."""
    return str(TokenVerifier(Issuer(issuer, jwks=ISSUER.jwks), audience="api").explain(raw))


@pytest.mark.parametrize(
    "text",
    [
        *TOKEN_FAULTS.values(),
        *REQUEST_FAULTS.values(),
        *PROOF_FAULTS.values(),
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


def test_the_log_says_what_the_page_shows(caplog: pytest.LogCaptureFixture) -> None:
    """Whom a service trusts, and why a request is refused; with the snippet's levels."""
    lines = PAGE.split("```text\n")[1].split("```")[0].splitlines()
    caplog.set_level("DEBUG", "jwks_auth")
    Authenticator({"ISSUER": ISSUER.issuer, "AUDIENCE": "api"})
    authenticator = Authenticator(ISSUER.settings(audience="api"), in_tests=True)
    sent = Credentials([f"Bearer {ISSUER.token(aud='reports')}"], url="https://api.example/orders")
    with pytest.raises(InvalidTokenError):
        authenticator.authenticate(sent)
    told = [each.getMessage() for each in caplog.records]
    assert [line for line in lines if line not in told] == []


def test_the_logging_snippets_work() -> None:
    """Django's dict, and uvicorn's file: both are what the standard library reads."""
    namespace: dict[str, Any] = {}
    exec(PAGE.split("```python\nLOGGING")[1].split("```")[0].join(["LOGGING", ""]), namespace)
    text = PAGE.split("```ini\n")[1].split("```")[0]
    log = logging.getLogger("jwks_auth")
    root = logging.getLogger()
    before = (log.level, log.handlers[:], log.propagate, root.level, root.handlers[:])
    try:
        logging.config.dictConfig(namespace["LOGGING"])
        assert log.isEnabledFor(logging.DEBUG)
        log.setLevel(logging.NOTSET)
        logging.config.fileConfig(io.StringIO(text), disable_existing_loggers=False)
        assert log.isEnabledFor(logging.DEBUG)
        assert root.level == logging.INFO
    finally:
        log.level, log.handlers, log.propagate, root.level, root.handlers = before
        log.manager._clear_cache()
