"""Tokens of a certified OpenID provider, judged by the core."""

import jwt
import pytest

from jwks_auth import InvalidTokenError, PyJWKClient, TokenVerifier
from tests.interop.oidc_provider import ALGORITHMS, AUDIENCE, OidcProvider


@pytest.mark.parametrize("profile", ["default", "rfc9068"])
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_core_verifies_its_tokens(provider: OidcProvider, alg: str, profile: str):
    """By discovery alone, in the strict profile too: they are RFC 9068 access tokens."""
    verifier = TokenVerifier(provider.issuer, AUDIENCE, profile=profile)
    token = verifier.verify(provider.token(alg))
    assert token.header["alg"] == alg
    assert token.scopes == {"orders:read"}
    assert token.client_id == "service"


async def test_the_core_verifies_its_tokens_asynchronously(provider: OidcProvider):
    """The same in an event loop."""
    token = await TokenVerifier(provider.issuer, AUDIENCE).averify(provider.token("ES256"))
    assert token.subject == "service"


def test_its_tokens_are_for_one_audience(provider: OidcProvider):
    """A verifier for another audience refuses them."""
    with pytest.raises(InvalidTokenError) as refused:
        TokenVerifier(provider.issuer, "https://other.example").verify(provider.token("RS256"))
    assert refused.value.code == "wrong_audience"


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_pyjwt_decodes_its_tokens_with_our_client(provider: OidcProvider, alg: str):
    """PyJWT's documented flow, with ``PyJWKClient`` from here."""
    token = provider.token(alg)
    key = PyJWKClient(f"{provider.issuer}/jwks").get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key.key, algorithms=[key.algorithm_name], audience=AUDIENCE)
    assert claims["client_id"] == "service"


def test_a_verifier_follows_a_rotation_and_a_withdrawal(provider: OidcProvider):
    """A new key is accepted on first use; one that is gone from the set is refused after that fetch."""
    verifier = TokenVerifier(provider.issuer, AUDIENCE)
    old = provider.token("ES256")
    assert verifier.verify(old)
    provider.rotate()
    assert verifier.verify(provider.token("ES256"))
    assert verifier.verify(old)
    provider.withdraw()
    provider.rotate()
    assert verifier.verify(provider.token("ES256"))
    with pytest.raises(InvalidTokenError) as refused:
        verifier.verify(old)
    assert refused.value.code == "unknown_key"
