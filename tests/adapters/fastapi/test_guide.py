"""Every snippet of docs/how-to/fastapi.md runs, in order, as one program."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jwks_auth.testing import FakeIssuer
from jwks_auth_fastapi import JWTBearer

DOCS = Path(__file__).parent.parent.parent.parent / "docs"
SNIPPETS = re.findall(r"```python\n(.*?)```", (DOCS / "how-to" / "fastapi.md").read_text(), re.DOTALL)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What the snippets define; the first is the module ``main``."""
    monkeypatch.setenv("JWKS_AUTH_ISSUER", "https://issuer.example/")
    monkeypatch.setenv("JWKS_AUTH_AUDIENCE", "api")
    main = ModuleType("main")
    monkeypatch.setitem(sys.modules, "main", main)
    for snippet in SNIPPETS:
        exec(compile(snippet, "docs/how-to/fastapi.md", "exec"), vars(main))
    yield vars(main)
    main.app.dependency_overrides.clear()


def test_the_documented_tests_pass(program: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """The tests in the guide are tests."""
    tests = [value for name, value in program.items() if name.startswith("test_")]
    assert len(tests) == 3
    for test in tests:
        test()


def test_the_audit_prints_what_the_guide_says(
    program: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line per route."""
    for route in program["audit"](program["app"]):
        print(route)
    assert "GET /orders required orders:read\n" in capsys.readouterr().out


def test_the_documented_routes_answer(program: dict[str, Any]) -> None:
    """Users, typed claims, optional tokens and refusals, as described."""
    app: FastAPI = program["app"]
    auth: JWTBearer = program["auth"]
    client = TestClient(app)
    assert client.get("/orders").headers["www-authenticate"] == 'Bearer realm="api", scope="orders:read"'
    assert client.get("/orders").json() == {"why": "missing_token"}
    app.dependency_overrides[auth] = auth.fake(sub="u1", scopes=["profile", "admin"], tier="gold")
    app.dependency_overrides[program["typed"]] = program["typed"].fake(email="a@b.c")
    assert client.get("/profile").json() == "Ada"
    assert client.get("/mail").json() == "a@b.c"
    assert client.get("/admin/greeting").json() == "hello, u1"
    assert client.delete("/admin/orders/7").status_code == 200
    assert client.get("/ready").status_code == 503


def test_the_documented_starlette_service_answers(program: dict[str, Any]) -> None:
    """The backend is the documented one, on an issuer that needs no network."""
    issuer = FakeIssuer()
    authenticator = JWTBearer(issuer.settings()).authenticator
    program["backend"].authenticator = authenticator
    client = TestClient(program["service"])
    answer = client.get("/orders", headers=issuer.headers(sub="u1", scope="orders:read"))
    assert answer.json() == {"caller": "u1", "scopes": ["authenticated", "orders:read"]}
    assert client.get("/orders").status_code == 401
