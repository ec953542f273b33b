"""``Issuer``: where keys come from."""

from __future__ import annotations

import pytest

from jwks_auth import ConfigurationError, Issuer, KeySet
from jwks_auth.testing import FakeIssuer


def test_keys_are_discovered() -> None:
    """An issuer's URL is enough."""
    with FakeIssuer.serve() as fake:
        issuer = Issuer(fake.issuer)
        [member] = fake.jwks()["keys"]
        assert issuer.keys.resolve(member["kid"], "RS256").kid == member["kid"]
        assert issuer.keys.find(member["kid"], "RS256") is not None


def test_keys_are_handed_over() -> None:
    """A document, a set or a callable will do."""
    fake = FakeIssuer()
    [member] = fake.jwks()["keys"]
    for jwks in (fake.jwks(), KeySet.from_dict(fake.jwks()), fake.jwks):
        issuer = Issuer(fake.issuer, jwks=jwks)
        assert issuer.keys.find(member["kid"], "RS256") is not None
        assert issuer.client is None


@pytest.mark.parametrize(
    "arguments",
    [
        {"issuer": "http://issuer.example"},
        {"issuer": "https://issuer.example/?tenant=a"},
        {"issuer": "https://issuer.example/", "jwks_uri": "http://issuer.example/keys"},
        {"issuer": "https://issuer.example/", "jwks": {"keys": []}},
        {
            "issuer": "https://issuer.example/",
            "jwks": {"keys": []},
            "jwks_uri": "https://issuer.example/keys",
        },
    ],
)
def test_what_cant_work_is_refused(arguments: dict[str, object]) -> None:
    """Wrong settings are told at construction."""
    with pytest.raises(ConfigurationError):
        Issuer(**arguments)  # type: ignore[arg-type]
