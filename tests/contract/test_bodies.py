"""``ERROR_BODY``: one setting by which every framework answers refusals with problem details (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from jwks_auth.testing import FakeIssuer
from tests.contract.runner import App
from tests.contract.test_sources import BY_DJANGO, BY_THE_CORE, Settled

OWN = ("connexion", "DRF", "Ninja")
"""Frameworks that have a form of their own."""
SITES = {
    name: site for name, site in {**BY_THE_CORE, **BY_DJANGO}.items() if not any(own in name for own in OWN)
}
PROBLEM = {"ERROR_BODY": "problem+json"}


@pytest.fixture(scope="module", params=SITES)
def app(request: pytest.FixtureRequest) -> Iterator[tuple[App, FakeIssuer]]:
    """Every framework whose refusals have the core's form."""
    issuer = FakeIssuer()
    with SITES[request.param](Settled(issuer, PROBLEM)) as made:
        yield made, issuer


@pytest.mark.parametrize(
    ("path", "sent", "status", "error"),
    [
        ("/me", None, 401, "missing_token"),
        ("/me", "Bearer a.b.c", 401, "invalid_token"),
        ("/optional", "Bearer a.b.c", 401, "invalid_token"),
        ("/me", "Bearer", 400, "invalid_request"),
        ("/orders", "Bearer {}", 403, "insufficient_scope"),
    ],
)
def test_problem_details(
    app: tuple[App, FakeIssuer], path: str, sent: str | None, status: int, error: str
) -> None:
    """The same document everywhere, with its own type, beside the same challenge."""
    headers = [] if sent is None else [("Authorization", sent.format(app[1].token(sub="u1")))]
    answer = app[0].request("GET", path, headers)
    body: dict[str, Any] = json.loads(answer.body)
    assert (answer.status, answer.values("content-type")) == (status, ["application/problem+json"])
    assert body.pop("detail")
    phrase = HTTPStatus(status).phrase
    assert body == {"type": "about:blank", "title": phrase, "status": status, "error": error}
    assert "".join(answer.values("www-authenticate")).startswith("Bearer realm=")
