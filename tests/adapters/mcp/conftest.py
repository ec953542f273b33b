"""An issuer, and servers in each framework."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from jwks_auth.testing import FakeIssuer
from tests.adapters.mcp.servers import SERVERS, client_of


@pytest.fixture
def issuer() -> FakeIssuer:
    """An issuer without a socket."""
    return FakeIssuer()


@pytest.fixture(params=SERVERS)
def make(request: pytest.FixtureRequest) -> Any:
    """A function that makes a server's application."""
    return SERVERS[request.param]


@pytest.fixture
def client(make: Any, issuer: FakeIssuer) -> Iterator[TestClient]:
    """A client of such a server behind the middleware."""
    with client_of(make(), issuer) as found:
        yield found
