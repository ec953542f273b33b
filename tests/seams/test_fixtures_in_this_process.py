"""The fixtures for users' tests, asked for in this process: without a framework, and with an app that is broken."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from jwks_auth.testing import FakeIssuer
from jwks_auth_flask import JWKSAuth, current_token, require_jwt

pytest_plugins = ["jwks_auth.testing.fixtures"]


@pytest.fixture(autouse=True)
def without_django(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process of its own, whatever ran before."""
    monkeypatch.delitem(sys.modules, "django.conf", raising=False)


def test_any_client_has_tokens_of_the_issuer(with_token: Callable[..., Any], fake_issuer: FakeIssuer) -> None:
    """Where the project has no fixture ``app``, the test hands the issuer's settings to one."""
    app = Flask("orders")
    app.testing = True
    app.config.from_mapping(fake_issuer.settings(audience="api", prefix="JWKS_AUTH_"))
    JWKSAuth(app)
    app.add_url_rule("/me", view_func=require_jwt(lambda: {"sub": current_token.subject}), endpoint="me")
    assert with_token(app.test_client(), sub="u1").get("/me").json == {"sub": "u1"}
    assert app.test_client().get("/me").status_code == 401


@pytest.mark.parametrize(
    ("name", "told"),
    [("jwt_client", "found no fixture app"), ("async_jwt_client", "found no Django project")],
)
def test_a_client_of_nothing_says_what_to_write(request: pytest.FixtureRequest, name: str, told: str) -> None:
    """One sentence in place of a client."""
    with pytest.raises(LookupError, match=f"^{name}: {told}"):
        request.getfixturevalue(name)


class TestAnAppThatLacksSomething:
    """A project whose own fixture is broken."""

    @pytest.fixture
    def app(self, nothing_of_that_name: Any) -> Any:
        """It can't be made."""

    def test_its_own_fault_is_shown(self, request: pytest.FixtureRequest) -> None:
        """It does not count as a project without an app."""
        with pytest.raises(pytest.FixtureLookupError) as caught:
            request.getfixturevalue("fake_issuer")
        assert caught.value.argname == "nothing_of_that_name"
