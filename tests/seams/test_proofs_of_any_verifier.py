"""Bound tokens that no JWT verifier has read: introspected ones, a service's own, those of a verifier of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from jwks_auth import InvalidProofError, InvalidTokenError, Issuer, TokenVerifier, VerifiedToken
from jwks_auth.adapters import Authenticator, Credentials
from jwks_auth.claims import DEFAULT_MAPPING
from jwks_auth.errors import Refused
from jwks_auth.testing import ClientCertificate, FakeClient, FakeIssuer

URL = "https://api.acme.dev/orders"
BOUND = {"DPOP": "accept", "DPOP_REPLAY": "memory", "PUBLIC_URL": "https://api.acme.dev", "MTLS": "accept",
         "CLIENT_CERTIFICATE": "tls"}  # fmt: skip
OURS = ClientCertificate.generate()

Service = Callable[[dict[str, Any], dict[str, Any]], tuple[Authenticator, str]]


@contextmanager
def introspecting() -> Iterator[tuple[FakeIssuer, Service]]:
    """The issuer is asked about a token that only it can read."""
    with FakeIssuer.serve() as issuer:

        def made(modes: dict[str, Any], cnf: dict[str, Any]) -> tuple[Authenticator, str]:
            settings = {**issuer.settings(introspection="opaque"), "TIMEOUT": 30, "WAIT": 30, **modes}
            return Authenticator(settings, in_tests=True), issuer.opaque(sub="u1", cnf=cnf)

        yield issuer, made


@contextmanager
def by_function() -> Iterator[tuple[FakeIssuer, Service]]:
    """The service's own function knows the credential."""
    issuer = FakeIssuer()

    def made(modes: dict[str, Any], cnf: dict[str, Any]) -> tuple[Authenticator, str]:
        other = {"OTHER_TOKENS": lambda raw: {"sub": "u1", "cnf": cnf}}
        return Authenticator({**issuer.settings(), **other, **modes}, in_tests=True), "ak_1"

    yield issuer, made


class Trusting:
    """A verifier of one's own, which believes any token to be bound as a test says."""

    issuers = ()

    def __init__(self, cnf: dict[str, Any]) -> None:
        self.cnf = cnf

    def verify_any_audience(self, raw: str) -> VerifiedToken:
        """Believe."""
        claims = {"sub": "u1", "cnf": self.cnf}
        return VerifiedToken(claims, {}, claims, DEFAULT_MAPPING)

    async def averify_any_audience(self, raw: str) -> VerifiedToken:
        """Believe."""
        return self.verify_any_audience(raw)

    def admit(self, token: VerifiedToken, audience: Any = None) -> None:
        """Admit."""

    async def aadmit(self, token: VerifiedToken, audience: Any = None) -> None:
        """Admit."""


@contextmanager
def of_ones_own() -> Iterator[tuple[FakeIssuer, Service]]:
    """A verifier given to the authenticator."""
    issuer = FakeIssuer()

    def made(modes: dict[str, Any], cnf: dict[str, Any]) -> tuple[Authenticator, str]:
        given: Any = Trusting(cnf)
        return Authenticator({**issuer.settings(), **modes}, verifier=given, in_tests=True), "any"

    yield issuer, made


@contextmanager
def jwts() -> Iterator[tuple[FakeIssuer, Service]]:
    """A control: a JWT."""
    issuer = FakeIssuer()

    def made(modes: dict[str, Any], cnf: dict[str, Any]) -> tuple[Authenticator, str]:
        return Authenticator({**issuer.settings(), **modes}, in_tests=True), issuer.token(sub="u1", cnf=cnf)

    yield issuer, made


WAYS = {"introspection": introspecting, "OTHER_TOKENS": by_function, "a Verifier": of_ones_own, "JWTs": jwts}


async def told(auth: Authenticator, headers: dict[str, str], certificate: str | None = None) -> str:
    """Who has proved what, or the code of the refusal: on an event loop and in a thread alike."""

    def asked(proof: dict[str, str]) -> Credentials:
        return Credentials.from_headers(proof.items(), url=URL, certificate=certificate)

    try:
        token = await auth.aauthenticate(asked(headers))
    except Refused as error:
        with pytest.raises(type(error)) as caught:
            auth.authenticate(asked(headers))
        return caught.value.code
    assert token is not None
    if "DPoP" in headers:
        with pytest.raises(InvalidProofError):  # used up
            auth.authenticate(asked(headers))
    return " ".join(sorted(token.proofs))


def proving(client: FakeClient, token: str) -> dict[str, str]:
    """A token and its proof."""
    return {"Authorization": f"DPoP {token}", "DPoP": client.proof("GET", URL, token)}


@pytest.mark.parametrize("way", WAYS)
async def test_each_member_has_to_be_proved_whoever_verified_the_token(way: str) -> None:
    """A key, a certificate, both, and a member that nobody knows."""
    with WAYS[way]() as (issuer, made):
        client, thief = issuer.client(dpop=True), issuer.client(dpop=True)
        of_key, of_certificate = client.confirmation or {}, OURS.confirmation
        auth, token = made(BOUND, of_key)
        assert await told(auth, proving(client, token)) == "dpop"
        assert await told(auth, proving(thief, token)) == "proof_key"
        assert await told(auth, {"Authorization": f"DPoP {token}"}) == "missing_proof"
        assert await told(auth, {"Authorization": f"Bearer {token}"}) == "bound_token"
        auth, token = made(BOUND, of_certificate)
        assert await told(auth, {"Authorization": f"Bearer {token}"}, OURS.pem) == "mtls"
        assert await told(auth, {"Authorization": f"Bearer {token}"}) == "missing_certificate"
        auth, token = made(BOUND, {**of_key, **of_certificate})
        assert await told(auth, proving(client, token), OURS.pem) == "dpop mtls"
        assert await told(auth, proving(client, token)) == "missing_certificate"
        assert await told(auth, proving(thief, token), OURS.pem) == "proof_key"
        for cnf in ({**of_key, "kid": "k"}, {"jwk": {}}, {}):
            auth, token = made(BOUND, cnf)
            assert await told(auth, proving(client, token), OURS.pem) == "bound_token"


@pytest.mark.parametrize("way", WAYS)
async def test_off_refuses_its_bound_tokens(way: str) -> None:
    """As before there were proofs; and ``verify`` without a request always does."""
    with WAYS[way]() as (issuer, made):
        client = issuer.client(dpop=True)
        for cnf in (client.confirmation or {}, OURS.confirmation):
            auth, token = made({}, cnf)
            assert await told(auth, proving(client, token), OURS.pem) == "bound_token"
            auth, token = made(BOUND, cnf)
            with pytest.raises(InvalidTokenError):
                auth.verify(token)  # type: ignore[arg-type]  # which text is, too


@pytest.mark.parametrize("cnf", [{"jkt": "x"}, {"x5t#S256": "x"}, {"kid": "k"}, {}])
def test_a_verifier_alone_refuses_bound_tokens(cnf: dict[str, Any]) -> None:
    """It sees no request, so no proof."""
    issuer = FakeIssuer()
    verifier = TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks()), "api")
    with pytest.raises(InvalidTokenError) as caught:
        verifier.verify(issuer.token(cnf=cnf))
    assert caught.value.code == "bound_token"
