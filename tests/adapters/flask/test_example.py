"""``example_projects/flask_api``, in process."""

from __future__ import annotations

from pathlib import Path

import pytest

from example_projects.flask_api import app as example


@pytest.fixture
def client(issuer):
    """The example, configured for the issuer at hand."""
    return example.create_app(issuer.settings(prefix="JWKS_AUTH_")).test_client()


@pytest.mark.parametrize(
    ("path", "claims", "status", "body"),
    [
        ("/public", None, 200, {"message": "hello, world"}),
        ("/me", {"sub": "u1"}, 200, {"sub": "u1"}),
        ("/me", None, 401, None),
        ("/orders", {"scope": "orders:read"}, 200, {"orders": []}),
        ("/orders", {}, 403, None),
        ("/admin", {"roles": ["admin"]}, 200, {"admin": True}),
        ("/admin", {"roles": ["clerk"]}, 403, None),
        ("/optional", None, 200, {"sub": None}),
        ("/optional", {"sub": "u1"}, 200, {"sub": "u1"}),
        ("/optional", {"aud": "elsewhere"}, 401, None),
    ],
)
def test_its_routes(client, issuer, path, claims, status, body):
    """As its neighbours in Django and FastAPI."""
    answer = client.get(path, headers={} if claims is None else issuer.headers(**claims))
    assert answer.status_code == status
    assert body is None or answer.json == body


def test_it_is_configured_by_the_environment(monkeypatch):
    """``JWKS_AUTH_*``, as ``make demo`` starts it."""
    monkeypatch.setenv("JWKS_AUTH_ISSUER", "https://issuer.example/")
    monkeypatch.setenv("JWKS_AUTH_AUDIENCE", "orders")
    assert example.create_app().test_client().get("/me").status_code == 401


def test_it_is_short():
    """A newcomer reads it in a minute."""
    assert len(Path(example.__file__).read_text().splitlines()) <= 60
