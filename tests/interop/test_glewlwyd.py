"""Access tokens of a ``glewlwyd`` server, judged by the core."""

from collections.abc import Iterator

import pytest

from jwks_auth import InvalidTokenError, Issuer, TokenVerifier
from tests.adapters.django.daemons import free_port
from tests.interop.glewlwyd import ALGORITHMS, SCOPE, Glewlwyd


@pytest.fixture(scope="module")
def glewlwyd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Glewlwyd]:
    """The server, up."""
    with Glewlwyd(tmp_path_factory.mktemp("glewlwyd"), free_port()) as running:
        yield running


def code_of(verifier: TokenVerifier, raw: str) -> str | None:
    """The code of the refusal."""
    try:
        verifier.verify(raw)
    except InvalidTokenError as error:
        return error.code
    return None


@pytest.mark.parametrize("profile", ["default", "rfc9068"])
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_core_verifies_its_tokens(glewlwyd: Glewlwyd, alg: str, profile: str):
    """By discovery alone, in the strict profile too; their audience is the scope that was asked."""
    token = TokenVerifier(glewlwyd.issuer(alg), SCOPE, profile=profile).verify(glewlwyd.token(alg))
    assert (token.header["alg"], token.header["kid"]) == (alg, f"key-{alg}")
    assert (token.client_id, token.scopes) == ("service", {SCOPE})


async def test_the_core_verifies_its_tokens_asynchronously(glewlwyd: Glewlwyd):
    """The same in an event loop."""
    token = await TokenVerifier(glewlwyd.issuer("ES256"), SCOPE).averify(glewlwyd.token("ES256"))
    assert token.subject == "service"


def test_its_tokens_are_taken_for_one_purpose(glewlwyd: Glewlwyd):
    """Not for another audience, not from another issuer of the same server, not as ID tokens."""
    raw = glewlwyd.token("RS256")
    issuer = glewlwyd.issuer("RS256")
    assert code_of(TokenVerifier(issuer, SCOPE), raw) is None
    assert code_of(TokenVerifier(issuer, "invoices"), raw) == "wrong_audience"
    assert code_of(TokenVerifier(glewlwyd.issuer("PS256"), SCOPE), raw) == "wrong_issuer"
    assert code_of(TokenVerifier(Issuer(issuer, profile="id_token"), SCOPE), raw) == "wrong_type"
