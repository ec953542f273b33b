"""A signed token dressed as an encrypted one: a header with ``enc`` is a JWE's (RFC 7516 section 9)."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from jwks_auth import InvalidTokenError, Issuer, KeySet, PyJWKClient, TokenVerifier, verify_jws
from jwks_auth.testing import FakeIssuer
from tests.seams.sites import EVERY_SITE, Site

ENCRYPTED: list[dict[str, Any]] = [
    {"enc": "A256GCM"},
    {"enc": {}},
    {"enc": ""},
    {"enc": "A256GCM", "zip": "DEF"},
]
PLAIN: list[dict[str, Any]] = [{}, {"cty": "JWT"}, {"zip": "DEF"}, {"Enc": "A256GCM"}, {"encrypted": True}]


def verifier_of(issuer: FakeIssuer) -> TokenVerifier:
    """It trusts *issuer*."""
    return TokenVerifier(Issuer(issuer.issuer, jwks=issuer.jwks()), "api")


@pytest.mark.parametrize("member", ENCRYPTED, ids=str)
async def test_a_jws_with_enc_is_refused(member: dict[str, Any]) -> None:
    """As malformed, for another program may take it for what it says it is."""
    issuer = FakeIssuer()
    verifier, raw = verifier_of(issuer), issuer.token(aud="api", header=member)
    keys = KeySet.from_dict(issuer.jwks())
    for attempt in (
        lambda: verifier.averify(raw),
        lambda: verifier.verify(raw),
        lambda: verify_jws(raw, keys),
    ):
        with pytest.raises(InvalidTokenError) as caught:
            await attempt()  # type: ignore[misc]
        assert caught.value.code == "malformed"
    failed = verifier.explain(raw)
    assert "enc" in (failed.hint or "")


@pytest.mark.parametrize("member", PLAIN, ids=str)
def test_what_real_issuers_send_beside_plain_claims_passes(member: dict[str, Any]) -> None:
    """``cty`` and ``zip`` change nothing about a JWS."""
    issuer = FakeIssuer()
    raw = issuer.token(aud="api", header=member)
    assert verifier_of(issuer).verify(raw).subject == "user"
    assert verify_jws(raw, KeySet.from_dict(issuer.jwks()))


def test_the_client_names_the_key_all_the_same() -> None:
    """As PyJWT's does: what the token is good for, ``jwt.decode`` says."""
    issuer = FakeIssuer()

    class Client(PyJWKClient):
        def fetch_data(self) -> Any:
            return issuer.jwks()

    raw = issuer.token(aud="api", header={"enc": "A256GCM"})
    key = Client("https://issuer.example/keys").get_signing_key_from_jwt(raw)
    assert jwt.decode(raw, key.key, algorithms=["RS256"], audience="api")["sub"] == "user"


@pytest.mark.parametrize("site", EVERY_SITE.values(), ids=EVERY_SITE)
def test_a_jws_with_enc_in_every_framework(site: Site) -> None:
    """401, and 200 for the same token without it."""
    issuer = FakeIssuer()
    with site(issuer.settings(audience="api")) as app:
        found = {
            name: app.request("GET", "/me", list(issuer.headers(sub="u1", header=member).items()))
            for name, member in {"enc": {"enc": "A256GCM"}, "cty": {"cty": "JWT", "zip": "DEF"}}.items()
        }
    assert {name: answer.status for name, answer in found.items()} == {"enc": 401, "cty": 200}
    assert b"malformed" in found["enc"].body
