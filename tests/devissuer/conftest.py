"""A dev issuer that runs in this process, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jwks_auth.devissuer import DevServer, Options
from tests.devissuer.client import Client


@pytest.fixture
def server() -> Iterator[DevServer]:
    """A dev issuer on a port of its own."""
    with DevServer(Options(port=0)) as running:
        yield running


@pytest.fixture
def client(server: DevServer) -> Client:
    """A client of it."""
    return Client(server)
