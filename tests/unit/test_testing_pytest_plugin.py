"""The fixtures, asked for as a user's conftest.py would."""

import requests

from jwks_auth.testing import FakeIssuer
from tests.patience import PATIENCE

pytest_plugins = ["jwks_auth.testing.pytest_plugin"]


def test_an_issuer_for_a_test(fake_issuer: FakeIssuer):
    """In process, with the default URL."""
    assert fake_issuer.settings()["JWKS"]() == fake_issuer.jwks()


def test_a_served_issuer_for_a_test(served_issuer: FakeIssuer):
    """Up, and answering over HTTP."""
    assert requests.get(served_issuer.jwks_uri, timeout=PATIENCE).json() == served_issuer.jwks()
