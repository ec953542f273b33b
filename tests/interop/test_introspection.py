"""Opaque tokens of ``oidc-provider`` and ``glewlwyd``, and an independent client at the same endpoints."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from jwks_auth import Introspection, InvalidTokenError, Issuer, KeySourceError, TokenVerifier
from jwks_auth.jose import FAKE
from jwks_auth.testing import FakeIssuer
from tests.adapters.django.daemons import free_port
from tests.interop.glewlwyd import SCOPE, Glewlwyd
from tests.interop.oidc_provider import AUDIENCE, SECRET, OidcProvider, introspected_by_node
from tests.patience import PATIENCE

FORMS = pytest.mark.parametrize("signed", [False, True], ids=["JSON", "RFC 9701"])


def asking(issuer: str, audience: Any = AUDIENCE, **options: Any) -> TokenVerifier:
    """A service that asks *issuer* with the client ``service``."""
    given = {"client_id": "service", "client_secret": SECRET, **options}
    return TokenVerifier(
        Issuer(issuer, introspection=Introspection(**given), timeout=PATIENCE, wait=PATIENCE), audience
    )


def code_of(verifier: TokenVerifier, raw: str) -> str | None:
    """The code of the refusal."""
    try:
        verifier.verify(raw)
    except InvalidTokenError as error:
        return error.code
    return None


@FORMS
def test_oidc_provider_tells_of_its_opaque_tokens(provider: OidcProvider, signed: bool) -> None:
    """By discovery alone, as JSON and signed."""
    raw = provider.token("opaque")
    verifier = asking(provider.issuer, jwt=signed, cache=0)
    token = verifier.verify(raw)
    assert (token.kind, token.issuer, token.client_id) == ("opaque", provider.issuer, "service")
    assert (token.scopes, token.audience) == ({"orders:read"}, (AUDIENCE,))
    assert code_of(asking(provider.issuer, "https://other.example", jwt=signed), raw) == "wrong_audience"
    provider.revoke(raw)
    assert code_of(verifier, raw) == "inactive"
    assert code_of(verifier, "made-up") == "inactive"


def test_oidc_provider_confirms_no_jwt(provider: OidcProvider) -> None:
    """It answers 400 for its JWTs, which is a 503 for these, and no reason not to ask about others."""
    raw = provider.token("ES256")
    assert asking(provider.issuer).verify(raw).kind == "jwt"
    verifier = asking(provider.issuer, mode="always")
    with pytest.raises(KeySourceError) as caught:
        verifier.verify(raw)
    assert caught.value.kind == "introspection"
    assert verifier.verify(provider.token("opaque")).kind == "opaque"


def test_oidc_provider_refuses_a_wrong_secret(provider: OidcProvider) -> None:
    """That is a 503."""
    with pytest.raises(KeySourceError) as caught:
        asking(provider.issuer, client_secret="wrong").verify("opaque")
    assert caught.value.kind == "credentials"


@FORMS
def test_an_independent_client_reads_the_same_answers_of_oidc_provider(
    provider: OidcProvider, signed: bool
) -> None:
    """npm's ``oauth4webapi``, by discovery, signature included; what it is told is what our service is."""
    raw = provider.token("opaque")
    good, unknown = introspected_by_node(
        provider.issuer, ("service", SECRET), [raw, "made-up"], signed=signed
    )
    token = asking(provider.issuer, jwt=signed).verify(raw)
    assert (good, unknown["active"]) == (dict(token.payload), False)


@FORMS
def test_an_independent_client_reads_the_fake_issuer_s_answers(signed: bool) -> None:
    """So that what services are tested with is an endpoint as others have; RFC 6749 lets it encode ``-`` in the id."""
    with FakeIssuer.serve() as issuer:
        client = (issuer.client_id, issuer.client_secret)
        raw, gone = issuer.opaque(scope="orders:read"), issuer.opaque()
        issuer.revoke(gone)
        good, *others = introspected_by_node(issuer.issuer, client, [raw, gone, "junk"], signed=signed)
        own = {"client_id": issuer.client_id, "client_secret": issuer.client_secret}
        token = asking(issuer.issuer, "api", jwt=signed, **own).verify(raw)
        assert good == {**token.payload, FAKE: True}
        assert others == [{"active": False}] * 2
        with pytest.raises(subprocess.CalledProcessError) as caught:
            introspected_by_node(issuer.issuer, (issuer.client_id, "wrong"), [raw], signed=signed)
    assert "invalid_client" in caught.value.stderr


@pytest.fixture(scope="module")
def glewlwyd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Glewlwyd]:
    """The server, up."""
    with Glewlwyd(tmp_path_factory.mktemp("glewlwyd"), free_port()) as running:
        yield running


def test_glewlwyd_confirms_its_jwts(glewlwyd: Glewlwyd) -> None:
    """In the mode ``always``; until they are revoked."""
    issuer = glewlwyd.issuer("ES256")
    verifier = asking(issuer, SCOPE, mode="always", cache=0, url=f"{issuer}/introspect")
    raw = glewlwyd.token("ES256")
    token = verifier.verify(raw)
    assert (token.kind, token.client_id) == ("jwt", "service")
    glewlwyd.revoke("ES256", raw)
    assert code_of(verifier, raw) == "inactive"
