"""Tokens made up to hurt a verifier that finds issuers by their ``iss``, or the developer who asks about them."""

from __future__ import annotations

from typing import Any

import pytest

from jwks_auth import Issuer, JWKSAuthError, PyJWKClient, TokenVerifier
from jwks_auth.tenants import Tenants
from jwks_auth.testing import FakeIssuer

HOST = "https://login.example"


def answering(issuer: FakeIssuer) -> PyJWKClient:
    """A client that fetches the issuer's keys, and fails for any other issuer."""

    class Client(PyJWKClient):
        def fetch_data(self) -> Any:
            return issuer.jwks()

    return Client(f"{HOST}/keys")


def failing() -> PyJWKClient:
    """A client of a tenant that is not there."""

    class Client(PyJWKClient):
        def fetch_data(self) -> Any:
            raise LookupError("no such tenant")

    return Client(f"{HOST}/keys")


def test_made_up_tenants_push_out_no_real_one() -> None:
    """With the cache full of them, the tenants whose keys are known stay."""
    real = [FakeIssuer(f"{HOST}/{name}") for name in ("a", "b", "c")]
    names = {issuer.issuer: issuer for issuer in real}
    asked: list[str] = []

    def resolve(name: str) -> Issuer:
        asked.append(name)
        return Issuer(name, client=answering(names[name]) if name in names else failing())

    verifier = TokenVerifier([], "api", tenants=Tenants(resolve, hosts=["login.example"], max_issuers=4))
    for issuer in real:
        verifier.verify(issuer.token(aud="api"))
    for number in range(20):
        with pytest.raises(JWKSAuthError):
            verifier.verify(real[0].token(aud="api", iss=f"{HOST}/made-up-{number}"))
    for issuer in real:
        verifier.verify(issuer.token(aud="api"))
    assert [asked.count(name) for name in names] == [1, 1, 1]


def test_the_last_used_stay_where_all_have_keys() -> None:
    """Room is made by the tenant that was away longest."""
    real = {f"{HOST}/{name}": FakeIssuer(f"{HOST}/{name}") for name in ("a", "b", "c")}
    asked: list[str] = []

    def resolve(name: str) -> Issuer:
        asked.append(name)
        return Issuer(name, jwks=real[name].jwks())

    verifier = TokenVerifier([], "api", tenants=Tenants(resolve, hosts=["login.example"], max_issuers=2))
    for name in ("a", "b", "a", "c", "a", "b"):
        verifier.verify(real[f"{HOST}/{name}"].token(aud="api"))
    assert [name[-1] for name in asked] == ["a", "b", "c", "b"]


@pytest.mark.parametrize(
    "path", ["/good/%2e%2e/evil", "/good/%2E./evil", "/good%2fevil", "/good/../evil", "/good/."]
)
def test_no_path_that_two_programs_read_differently(path: str) -> None:
    """What a resolver takes for one tenant's address is not fetched as another's."""
    assert not Tenants(lambda name: None, hosts=["login.example"]).may_be(f"{HOST}{path}")


@pytest.mark.parametrize("claims", [{"exp": 10**400}, {"iat": -(10**400)}, {"exp": 1e308}, {"nbf": True}])
def test_no_number_is_too_large_to_explain(claims: dict[str, Any]) -> None:
    """Whatever the claims, the developer is told what is wrong with them."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks()), "api")
    failed = verifier.explain(issuer.token(aud="api", **claims)).failed
    assert failed is not None
    assert failed.code == "invalid_claim"


def test_an_explanation_holds_no_control_characters() -> None:
    """A token's own words can't write to the developer's terminal."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks()), "api")
    raw = issuer.token(aud="api", kid="\x1b[2J", header={"typ": "\x1b[2J"}, email="\x1b[2J")
    assert "\x1b" not in str(verifier.explain(raw))
    raw = issuer.token(aud="api", header={"alg": "\x1b[2J"})
    assert "\x1b" not in str(verifier.explain(raw))
