"""Starlette alone: neither FastAPI nor pydantic-settings is imported, and every answer is the table's."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from jwks_auth.testing import FakeIssuer
from tests.contract.cases import CASES, Case
from tests.contract.runner import App, check
from tests.contract.starlette_apps import STARLETTE_APPS

# With FastAPI beside it, test_asgi.py has the whole table.
ASKED = CASES if find_spec("fastapi") is None else CASES[:3]
FOREIGN = ["fastapi", "pydantic", "pydantic_settings"]


@pytest.fixture(scope="module", params=STARLETTE_APPS)
def app(request: pytest.FixtureRequest) -> tuple[App, FakeIssuer, bool]:
    """An app, its issuer, and whether it knows the route when it refuses a token."""
    issuer = FakeIssuer()
    return STARLETTE_APPS[request.param](issuer), issuer, "without" in request.param


@pytest.mark.parametrize("case", ASKED, ids=lambda case: case.name)
def test_contract(app: tuple[App, FakeIssuer, bool], case: Case) -> None:
    """Status, challenges and body are the table's."""
    client, issuer, knows = app
    check(client, case, issuer, knows_route=knows)


def test_neither_fastapi_nor_pydantic_is_imported() -> None:
    """By Starlette's part, its audit and what both share; names of FastAPI's are an ``ImportError`` without it."""
    script = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {FOREIGN}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Route
import jwks_auth_fastapi
from jwks_auth_fastapi import Unauthorized, audit, protect, token_of
from jwks_auth_fastapi.starlette import JWTAuthenticationBackend, require_jwt
backend = JWTAuthenticationBackend({{"ISSUER": "https://issuer.example/", "AUDIENCE": "api"}})
guarded = require_jwt(backend=backend)(lambda request: None)
app = Starlette(routes=[Mount("/v1", routes=[Route("/me", guarded), Route("/open", lambda request: None)])])
assert [row.guard for row in audit(app)] == ["required", "none"]
protect(app, backend)
assert [row.guard for row in audit(app)] == ["required", "required"]
assert issubclass(Unauthorized, HTTPException)
for name in ("JWTBearer", "JWKSAuthSettings", "OpenAPISettings", "error_responses"):
    try:
        getattr(jwks_auth_fastapi, name)
    except ImportError:
        continue
    raise AssertionError(name)
assert not hasattr(jwks_auth_fastapi, "JWTBaerer")
assert not set({FOREIGN}) & set(sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stderr) == (0, "")
