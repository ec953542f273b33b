"""SPIFFE: the JWT-SVID specification; SPIRE's tokens."""

from __future__ import annotations

import pytest

from jwks_auth import InvalidTokenError, Issuer, TokenVerifier
from tests.providers.documented import Documented, ProviderTests, Token

API = "spiffe://acme.dev/orders"
WORKLOAD = {"aud": [API], "sub": "spiffe://acme.dev/ns/shop/sa/web"}
SPIRE = {**WORKLOAD, "iss": "https://oidc-discovery.acme.dev"}


class TestSpiffe(ProviderTests):
    """The trust domain is the issuer; tokens name it in their subject."""

    documented = Documented(
        settings={"PROVIDER": "spiffe", "ISSUER": "acme.dev", "AUDIENCE": API},
        keys_at=None,
        alg="ES256",
        key={"use": "jwt-svid"},
        tokens={
            "workload": Token(
                claims=WORKLOAD,
                read={"issuer": "spiffe://acme.dev", "subject": "spiffe://acme.dev/ns/shop/sa/web"},
            ),
            "the trust domain in full": Token(claims=WORKLOAD, settings={"ISSUER": "spiffe://acme.dev"}),
            "of type JOSE": Token(claims=WORKLOAD, header={"typ": "JOSE"}),
            "of no type": Token(claims=WORKLOAD, header={}),
            "SPIRE's, with an issuer": Token(
                claims=SPIRE,
                settings={"ISSUER_ALIASES": ["https://oidc-discovery.acme.dev"]},
                read={"issuer": "spiffe://acme.dev"},
            ),
            "SPIRE's, with an issuer that nobody named": Token(claims=SPIRE, code="wrong_issuer"),
            "a workload of another trust domain": Token(
                claims={**WORKLOAD, "sub": "spiffe://acme.dev.evil/web"}, code="wrong_issuer"
            ),
            "a workload of another trust domain, by a name of ours": Token(
                claims={**SPIRE, "sub": "spiffe://evil.dev/web"},
                settings={"ISSUER_ALIASES": ["https://oidc-discovery.acme.dev"]},
                code="wrong_issuer",
            ),
            "no workload": Token(
                claims={**WORKLOAD, "iss": "spiffe://acme.dev", "sub": "web"}, code="wrong_issuer"
            ),
            "nobody": Token(claims={"aud": [API]}, code="missing_claim"),
            "for another workload": Token(
                claims={**WORKLOAD, "aud": ["spiffe://acme.dev/hr"]}, code="wrong_audience"
            ),
            "an access token": Token(claims=WORKLOAD, header={"typ": "at+jwt"}, code="wrong_type"),
        },
        mistakes=(
            (
                {"ISSUER": "https://acme.dev"},
                r'\["ISSUER"\]: found .*expected for provider spiffe .spiffe://<trust',
            ),
            ({"ISSUER": "spiffe://acme.dev/web"}, r'\["ISSUER"\]: found'),
            ({"ISSUER": "ACME.dev"}, r'\["ISSUER"\]: found'),
            ({"ISSUER": None}, r'\["ISSUER"\] is missing: .*spiffe://<trust domain>'),
            ({"JWKS": None}, r'\["JWKS_URI"\] is missing: .*<bundle endpoint>'),
        ),
    )

    def test_several_trust_domains_are_told_apart(self) -> None:
        """Each has keys of its own, and speaks for none of the others."""
        ours, theirs = (
            self.documented.jwks(),
            {"keys": [{**self.documented.jwks()["keys"][0], "kid": "other"}]},
        )
        verifier = TokenVerifier(
            [
                Issuer("acme.dev", provider="spiffe", jwks=ours),
                Issuer("partner.dev", provider="spiffe", jwks=theirs),
            ],
            API,
        )
        assert verifier.verify(self.documented.sent(Token(claims=WORKLOAD))).issuer == "spiffe://acme.dev"
        for subject in ("spiffe://partner.dev/web", "spiffe://nobody.dev/web"):
            with pytest.raises(InvalidTokenError):
                verifier.verify(self.documented.sent(Token(claims={**WORKLOAD, "sub": subject})))
