"""``jwks-auth`` and ``python -m jwks_auth``: arguments, settings, and the exit status."""

from __future__ import annotations

import json
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from jwks_auth.command import script
from jwks_auth.testing import FakeIssuer
from tests.command.programs import called, started

ROOT = Path(__file__).parent.parent.parent


def test_the_console_script_is_the_module() -> None:
    """``jwks-auth`` is what ``python -m jwks_auth`` runs."""
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["jwks-auth"]
    module, _, name = named.partition(":")
    assert getattr(import_module(module), name) is script


def test_python_m_checks_the_issuer_of_the_environment() -> None:
    """Settings come from ``JWKS_AUTH_*``; the status is 0."""
    with FakeIssuer.serve() as issuer:
        env = {"JWKS_AUTH_ISSUER": issuer.issuer, "JWKS_AUTH_AUDIENCE": "api"}
        done = started("check", env=env)
        assert done.status == 0, done
        assert f"key {issuer.kid}: RSA" in done.out
        done = started("check", "--json", env=env)
        assert json.loads(done.out)["ok"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "arguments are required: command"),
        (("chekc",), "there is no such command, did you mean check?"),
        (("check", "--isuer", "x"), "there is no option --isuer"),
        (("check",), "JWKS_AUTH_ISSUER is missing"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(
    arguments: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is printed to standard output; with ``--json`` the sentence is the object's ``error``."""
    monkeypatch.delenv("JWKS_AUTH_ISSUER", raising=False)
    done = called(*arguments)
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1
    done = called(*arguments, "--json")
    told = json.loads(done.out)
    assert (done.status, done.err, told["ok"]) == (2, "", False)
