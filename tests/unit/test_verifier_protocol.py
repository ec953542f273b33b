"""``Verifier``: what an authenticator needs, and what a token's confirmation means to those who see no proof."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from jwks_auth import ANY_AUDIENCE, InvalidTokenError, Issuer, TokenVerifier, VerifiedToken, Verifier
from jwks_auth.adapters import Authenticator, Credentials, Requirement
from jwks_auth.claims import AudienceSetting, ClaimMapping
from jwks_auth.runtime import RawToken
from jwks_auth.testing import FakeIssuer
from tests.attacks import forge

VERIFIER = TokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET), forge.AUDIENCE)


class CacheInFront:
    """A verifier before another one, which it asks once for each token."""

    def __init__(self, inner: Verifier) -> None:
        self.inner = inner
        self.kept: dict[RawToken, VerifiedToken] = {}

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The issuers of the other one."""
        return self.inner.issuers

    def verify_any_audience(self, raw: str | RawToken) -> VerifiedToken:
        """The token as it was verified at first."""
        sent = RawToken.of(raw)
        if sent not in self.kept:
            self.kept[sent] = self.inner.verify_any_audience(sent)
        return self.kept[sent]

    async def averify_any_audience(self, raw: str | RawToken) -> VerifiedToken:
        """As it was verified at first."""
        return self.verify_any_audience(raw)

    def admit(self, token: VerifiedToken, audience: AudienceSetting = None) -> None:
        """Ask the other one."""
        self.inner.admit(token, audience)

    async def aadmit(self, token: VerifiedToken, audience: AudienceSetting = None) -> None:
        """Ask the other one."""
        await self.inner.aadmit(token, audience)


def test_verify_is_the_protocols_two_methods_in_a_row() -> None:
    """A verifier in front of another one gives the same token and the same refusals."""
    verifier = CacheInFront(VERIFIER)
    raw = forge.token()
    token = verifier.verify_any_audience(raw)
    assert verifier.verify_any_audience(raw) is token
    assert token.claims == VERIFIER.verify(raw).claims
    verifier.admit(token)
    with pytest.raises(InvalidTokenError) as caught:
        verifier.admit(token, "another")
    assert caught.value.code == "wrong_audience"


async def done(attempt: Any) -> None:
    """Make an attempt, sync or async."""
    answer = attempt()
    if inspect.isawaitable(answer):
        await answer


@pytest.mark.parametrize("cnf", [{"jkt": "x"}, {}, [], 5])
async def test_a_bound_token_is_refused_where_no_proof_is_seen(cnf: Any) -> None:
    """Stolen, it is worth nothing: verified it may be, but neither ``verify`` nor an authenticator lets it through."""
    issuer = FakeIssuer()
    authenticator = Authenticator(issuer.settings(audience="api"), in_tests=True)
    good = issuer.claims(aud="api")
    raw = issuer.sign(forge.octets({**good, "cnf": cnf}), {"typ": "at+jwt"})
    token = authenticator.verifier.verify_any_audience(raw)
    assert token.confirmation == (cnf if isinstance(cnf, dict) else {})
    credentials = Credentials([f"Bearer {raw}"])
    attempts: list[Any] = [
        lambda: authenticator.verifier.verify(raw),
        lambda: authenticator.verifier.averify(raw),
        lambda: authenticator.authenticate(credentials, Requirement(audience=ANY_AUDIENCE)),
        lambda: authenticator.aauthenticate(credentials, Requirement(audience=ANY_AUDIENCE)),
    ]
    for attempt in attempts:
        with pytest.raises(InvalidTokenError) as caught:
            await done(attempt)
        assert caught.value.code == "bound_token"
    control = issuer.token(aud="api")
    assert authenticator.verifier.verify(control).confirmation is None
    assert authenticator.authenticate(Credentials([f"Bearer {control}"])) is not None


def test_a_token_without_issuer_or_expiry_says_so() -> None:
    """A verifier of one's own may take such tokens, as introspection does."""
    mapping = ClaimMapping((), (), ())
    token = VerifiedToken({}, {}, {}, mapping)
    assert (token.issuer, token.expires_at, token.issued_at) == (None, None, None)
    assert VERIFIER.verify(forge.token()).issuer == forge.ISSUER


def test_issuers_are_issuers_or_urls() -> None:
    """Anything else in the list is named."""
    with pytest.raises(ValueError, match="issuers: found a dict, expected an Issuer or URL"):
        TokenVerifier([{"issuer": "https://id.example/"}], "api")  # type: ignore[list-item]
