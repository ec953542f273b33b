"""docs/reference/frameworks.md: its snippets run, and are the same service in each framework."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from starlette.testclient import TestClient

import jwks_auth_django
import jwks_auth_fastapi
import jwks_auth_flask
from jwks_auth.adapters import PolicyOptions, RequirementOptions
from jwks_auth.testing import FakeIssuer

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "frameworks.md").read_text()
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

Ask = Callable[[str, dict[str, str]], tuple[int, Any]]


@pytest.fixture
def issuer() -> FakeIssuer:
    """An issuer that the snippets trust."""
    return FakeIssuer()


@pytest.fixture
def page(issuer: FakeIssuer) -> dict[str, Any]:
    """What the snippets define."""
    names = {"ISSUER": issuer.issuer, "JWKS": issuer.settings()["JWKS"], "__name__": "page"}
    for snippet in SNIPPETS:
        exec(compile(snippet, "docs/reference/frameworks.md", "exec"), names)
    return names


def flask(page: dict[str, Any], issuer: FakeIssuer) -> Ask:
    """Flask's application."""

    def ask(path: str, headers: dict[str, str]) -> tuple[int, Any]:
        answer = page["flask_app"].test_client().get(path, headers=headers)
        return answer.status_code, answer.json

    return ask


def asgi(name: str) -> Callable[[dict[str, Any], FakeIssuer], Ask]:
    """FastAPI's application, or Starlette's."""

    def asked(page: dict[str, Any], issuer: FakeIssuer) -> Ask:
        def ask(path: str, headers: dict[str, str]) -> tuple[int, Any]:
            answer = TestClient(page[name]).get(path, headers=headers)
            return answer.status_code, answer.json()

        return ask

    return asked


def django(prefix: str) -> Callable[[dict[str, Any], FakeIssuer], Ask]:
    """Django's project: its own view, or REST framework's."""

    def asked(page: dict[str, Any], issuer: FakeIssuer) -> Ask:
        def ask(path: str, headers: dict[str, str]) -> tuple[int, Any]:
            urls = tuple(page["urlpatterns"])
            with override_settings(JWKS_AUTH=issuer.settings(), ROOT_URLCONF=urls, MIDDLEWARE=[]):
                answer = Client().get(path.replace("/orders", f"{prefix}/orders"), headers=headers)
            return answer.status_code, answer.json()

        return ask

    return asked


SERVICES = {
    "flask": flask,
    "fastapi": asgi("fastapi_app"),
    "starlette": asgi("starlette_app"),
    "django": django(""),
    "rest_framework": django("/drf"),
}


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_the_snippets_are_one_service(service: Any, page: dict[str, Any], issuer: FakeIssuer) -> None:
    """With the same answers, and the same words in handlers of its own."""
    ask = service(page, issuer)
    good = issuer.headers(sub="u1", scope="orders:read", roles=["ops"])
    assert ask("/ready", {}) == (200, {})
    assert ask("/orders", good) == (200, {})
    for headers, status, reason in (
        ({}, 401, "missing_token"),
        (issuer.headers(expires_in=-60), 401, "expired"),
        (issuer.headers(scope="orders:read"), 403, "insufficient_scope"),
        (issuer.headers(roles=["ops"]), 403, "insufficient_scope"),
    ):
        found, body = ask("/orders", headers)
        assert found == status
        assert body == {"problem": reason} or set(body) == {"error", "error_description"}


def test_the_page_names_every_option_of_guards() -> None:
    """And no other."""
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|", PAGE.partition("## Guards")[2], re.MULTILINE)
    assert [name for row in rows for name in re.findall("[a-z_]+", row)] == sorted(
        PolicyOptions.__annotations__, key=PAGE.partition("## Guards")[2].index
    )
    for name in RequirementOptions.__annotations__:
        assert f"`{name}`" in PAGE


@pytest.mark.parametrize("package", [jwks_auth_django, jwks_auth_flask, jwks_auth_fastapi])
def test_the_names_that_every_adapter_has_are_there(package: Any) -> None:
    """``public`` is in each; a package that says ``require_jwt`` says it so."""
    assert "public" in package.__all__
    kit = "test" if package is jwks_auth_django else "testing"
    assert f"{package.__name__}.{kit}.JWTClient" in PAGE
