"""One provider for a module of tests."""

from collections.abc import Iterator

import pytest

from tests.interop.oidc_provider import OidcProvider


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    """The certified provider, up."""
    with OidcProvider() as running:
        yield running
