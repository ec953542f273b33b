"""ID tokens of a certified OpenID provider, by every flow that returns one; and its access tokens beside them."""

import pytest

from jwks_auth import IDTokenVerifier, InvalidTokenError, Issuer, TokenVerifier
from tests.interop.oidc_provider import ALGORITHMS, AUDIENCE, OidcProvider

FLOWS = ("id_token", "id_token token", "code", "code id_token", "code id_token token")


def code_of(verifier: IDTokenVerifier | TokenVerifier, raw: str, **beside: str) -> str | None:
    """The code of the refusal."""
    try:
        verifier.verify(raw, **beside)
    except InvalidTokenError as error:
        return error.code
    return None


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_sign_in_is_verified(provider: OidcProvider, alg: str, flow: str):
    """With its nonce, and the code and access token that came with it; swapped for others it is refused."""
    answer = provider.sign_in(alg, flow, nonce="n-1", state="s")
    verifier = IDTokenVerifier(provider.issuer, f"web-{alg}", max_age=300)
    if "id_token" in answer:
        beside = {name: answer[name] for name in ("code", "access_token") if name in answer}
        token = verifier.verify(answer["id_token"], nonce="n-1", **beside)
        assert (token.subject, token.header["alg"]) == ("u1", alg)
        for name, value in beside.items():
            assert code_of(verifier, answer["id_token"], **{name: value + "x"}) == "wrong_hash"
        assert code_of(verifier, answer["id_token"], nonce="n-2") == "wrong_nonce"
    if "id_token_of_code" in answer:  # which this provider makes without hashes, as nobody came between
        assert verifier.verify(answer["id_token_of_code"], nonce="n-1").subject == "u1"
        access_token = answer["access_token_of_code"]
        assert code_of(verifier, answer["id_token_of_code"], access_token=access_token) == "missing_claim"
    assert "id_token" in answer or "id_token_of_code" in answer


async def test_a_sign_in_is_verified_asynchronously(provider: OidcProvider):
    """The same in an event loop."""
    answer = provider.sign_in("ES256", "code", nonce="n-1")
    verifier = IDTokenVerifier(provider.issuer, "web-ES256")
    assert (await verifier.averify(answer["id_token_of_code"], nonce="n-1")).subject == "u1"


@pytest.mark.parametrize("flow", FLOWS)
def test_each_kind_is_taken_where_it_belongs(provider: OidcProvider, flow: str):
    """No ID token by an API that does not ask for them, and no access token by one that does."""
    answer = provider.sign_in("RS256", flow, nonce="n-1")
    raw = answer.get("id_token") or answer["id_token_of_code"]
    issuer = Issuer(provider.issuer)
    on_purpose = TokenVerifier(issuer, ["web-RS256", AUDIENCE], profile="id_token", max_age=300)
    by_default = TokenVerifier(issuer, ["web-RS256", AUDIENCE])
    access_token = provider.token("RS256")
    assert on_purpose.verify(raw).subject == "u1"
    assert code_of(on_purpose, access_token) == "wrong_type"
    assert by_default.verify(access_token).client_id == "service"
    assert code_of(by_default, raw) == "wrong_type"
    assert code_of(TokenVerifier(issuer, "web-RS256", profile="rfc9068"), raw) == "wrong_type"


def test_another_client_s_sign_in_is_refused(provider: OidcProvider):
    """Clients of one provider share its keys, and nothing else."""
    raw = provider.sign_in("ES256", "code")["id_token_of_code"]
    assert code_of(IDTokenVerifier(provider.issuer, "web-RS256"), raw) == "wrong_audience"
    assert code_of(TokenVerifier(provider.issuer, "web-RS256", profile="id_token"), raw) == "wrong_audience"
