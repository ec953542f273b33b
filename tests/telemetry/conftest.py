"""An SDK in memory, for one test."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from jwks_auth.testing import FakeIssuer

if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
    collect_ignore_glob = ["*"]


@pytest.fixture
def seen() -> Iterator[Any]:
    """What OpenTelemetry sees during the test."""
    from tests.otel import opentelemetry

    with opentelemetry() as found:
        yield found


@pytest.fixture
def issuer() -> FakeIssuer:
    """An issuer in this process."""
    return FakeIssuer()
