"""Tenants whose keys a listed issuer has too, as all tenants of Entra have the same."""

from __future__ import annotations

import pytest

from jwks_auth import InvalidTokenError, Issuer, Tenants, TokenVerifier
from jwks_auth.testing import FakeIssuer

LISTED, TENANT = "https://login.example/listed", "https://login.example/tenant"


@pytest.fixture
def fake() -> FakeIssuer:
    """The one that has the keys of both."""
    return FakeIssuer(LISTED)


@pytest.fixture
def verifier(fake: FakeIssuer) -> TokenVerifier:
    """A service of both."""

    def resolve(name: str) -> Issuer | None:
        return Issuer(name, jwks=fake.jwks()) if name == TENANT else None

    tenants = Tenants(resolve, hosts=["login.example"])
    return TokenVerifier([Issuer(LISTED, jwks=fake.jwks())], "api", tenants=tenants, allow_fake_issuer=True)


async def test_each_token_is_its_own_issuer_s(verifier: TokenVerifier, fake: FakeIssuer) -> None:
    """The key alone does not say which of them signed."""
    for name in (LISTED, TENANT, LISTED):
        assert verifier.verify(fake.token(iss=name)).issuer == name
        assert (await verifier.averify(fake.token(iss=name))).issuer == name


async def test_attack_a_stranger_with_the_same_key(verifier: TokenVerifier, fake: FakeIssuer) -> None:
    """A name that is no tenant's is refused, whoever's key signed."""
    for name in ("https://login.example/stranger", "https://evil.example/"):
        with pytest.raises(InvalidTokenError) as caught:
            verifier.verify(fake.token(iss=name))
        assert caught.value.code == "wrong_issuer"
        with pytest.raises(InvalidTokenError):
            await verifier.averify(fake.token(iss=name))
