"""mypy strict and pyright agree with ``fastapi_bearer.py`` and ``kits.py``, and see what is wrong with misuse."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import need_module

ROOT = Path(__file__).parent.parent.parent
TYPING = ROOT / "tests" / "typing"
RIGHT = [TYPING / "fastapi_bearer.py", TYPING / "kits.py"]

WRONG = """
import pydantic
from fastapi.security import SecurityScopes
from starlette.requests import HTTPConnection
from jwks_auth_fastapi import JWKSAuthSettings, JWTBearer, VerifiedToken
from jwks_auth_fastapi.starlette import require_jwt

class Own(JWKSAuthSettings):
    database_url: str = "sqlite://"


class Claims(pydantic.BaseModel):
    email: str

typed = JWTBearer({"ISSUER": "https://issuer.example/"}, claims=Claims)
maybe = JWTBearer({"ISSUER": "https://issuer.example/"}, optional=True)

async def use(conn: HTTPConnection, scopes: SecurityScopes) -> None:
    (await typed(conn, scopes)).claims.emial
    (await maybe(conn, scopes)).subject
    wrong: VerifiedToken[int] = await typed(conn, scopes)

JWTBearer({}, clams=Claims)
JWTBearer({}, openapi="oidc")
JWTBearer(isuer="https://issuer.example/", audience="api")
JWTBearer(issuer="https://issuer.example/", audience="api", leeway="soon")
JWTBearer({}, issuer="https://issuer.example/")
JWKSAuthSettings(isuer="https://issuer.example/")
JWKSAuthSettings(leeway="soon")
Own(isuer="https://issuer.example/")
typed.variant(audiense="reports")
typed.configure({}, aap=None)

@require_jwt
def view(request: HTTPConnection) -> int:
    return 1

text: str = view(object())
"""
MISTAKES = [19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 38]

CHECKERS = {
    "mypy": [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context"],
    "pyright": [sys.executable, "-m", "pyright", "--pythonpath", sys.executable],
}


def lines_with_errors(checker: str, path: Path) -> list[int]:
    """The numbers of the lines of *path* that *checker* objects to."""
    need_module(checker)
    ran = subprocess.run(
        [*CHECKERS[checker], str(path)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    found = re.findall(rf"{re.escape(path.name)}:(\d+):.*error", ran.stdout)
    assert found or ran.returncode == 0, ran.stdout + ran.stderr
    return sorted({int(number) for number in found})


@pytest.mark.parametrize("right", RIGHT, ids=lambda path: path.stem)
@pytest.mark.parametrize("checker", CHECKERS)
def test_types_are_as_documented(checker: str, right: Path) -> None:
    """``assert_type`` holds throughout."""
    assert lines_with_errors(checker, right) == []


@pytest.mark.parametrize("checker", CHECKERS)
def test_misuse_is_an_error(checker: str, tmp_path: Path) -> None:
    """A misspelt claim, a token that may be missing, the wrong model, unknown options and settings."""
    path = tmp_path / "wrong.py"
    path.write_text(WRONG)
    assert lines_with_errors(checker, path) == MISTAKES
