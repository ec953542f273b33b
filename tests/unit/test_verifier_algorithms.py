"""Every algorithm end to end: what is opted in to verifies, and nothing else does (BCP-1, BCP-2, BCP-5, JOSE-7)."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from jwks_auth import Issuer, TokenVerifier, VerifiedToken
from jwks_auth.errors import InvalidTokenError
from jwks_auth.jose.algorithms import DEFAULT_ALGORITHMS, OPT_IN_ALGORITHMS
from jwks_auth.testing import FakeIssuer
from jwks_auth.testing.keys import SigningKey

EVERY = (*DEFAULT_ALGORITHMS, *OPT_IN_ALGORITHMS)
FAKE = FakeIssuer(algorithms=EVERY)
NEIGHBOURS = {"ES256": "ES256K", "ES256K": "ES256", "ES384": "ES512", "ES512": "ES384", "EdDSA": "Ed448",
              "Ed25519": "Ed448", "Ed448": "Ed25519"}  # fmt: skip
"""Of the same key type, with the same hash or size where there is one, but for another curve."""


def verifier(**options: Any) -> TokenVerifier:
    """A verifier of the fake's tokens; a key set may be given in place of its own."""
    issuer = Issuer(FAKE.issuer, jwks=options.pop("jwks", FAKE.jwks))
    return TokenVerifier(issuer, "api", **options)


async def outcome(verifier: TokenVerifier, raw: str) -> VerifiedToken | str:
    """The token, or the code of its refusal: the same for sync and async."""
    found: list[VerifiedToken | str] = []
    for verify in (verifier.verify, verifier.averify):
        try:
            answer: Any = verify(raw)  # type: ignore[operator]
            found.append(await answer if inspect.isawaitable(answer) else answer)
        except InvalidTokenError as exc:
            found.append(exc.code)
    sync, asynchronous = (each if isinstance(each, str) else each.claims for each in found)
    assert sync == asynchronous
    return found[0]


@pytest.mark.parametrize("alg", EVERY)
async def test_bcp_1_an_algorithm_works_where_it_is_allowed(alg: str) -> None:
    """Named alone, or among others; on the verifier or on the issuer."""
    raw = FAKE.token(alg=alg)
    others = [other for other in EVERY if other != alg]
    for allowed in ([alg], EVERY):
        token = await outcome(verifier(algorithms=allowed), raw)
        assert isinstance(token, VerifiedToken)
        assert token.header["alg"] == alg
    own = TokenVerifier(Issuer(FAKE.issuer, jwks=FAKE.jwks, algorithms=[alg]), "api", algorithms=others)
    assert isinstance(await outcome(own, raw), VerifiedToken)
    assert await outcome(verifier(algorithms=others), raw) == "algorithm_not_allowed"


@pytest.mark.parametrize("alg", EVERY)
async def test_the_defaults_are_all_but_those_that_have_to_be_named(alg: str) -> None:
    """Though the issuer publishes keys for them."""
    refused = await outcome(verifier(), FAKE.token(alg=alg)) == "algorithm_not_allowed"
    assert refused == (alg in OPT_IN_ALGORITHMS)


@pytest.mark.parametrize("alg", NEIGHBOURS)
@pytest.mark.parametrize("named", [True, False])
async def test_bcp_2_a_key_of_another_curve_is_not_used(alg: str, named: bool) -> None:
    """Under the token's kid, whether the JWK names its algorithm or leaves it to its curve."""
    right, wrong = SigningKey.generate(alg, kid="k"), SigningKey.generate(NEIGHBOURS[alg], kid="k")
    raw = FAKE.token(key=right)
    sets = [{"keys": [{n: v for n, v in key.jwk().items() if named or n != "alg"}]} for key in (right, wrong)]
    good, bad = (verifier(algorithms=EVERY, jwks=jwks) for jwks in sets)
    assert isinstance(await outcome(good, raw), VerifiedToken)
    assert await outcome(bad, raw) == "unknown_key"
    lying = FAKE.token(key=wrong, header={"alg": alg})
    assert await outcome(bad, lying) == "unknown_key"
    assert await outcome(good, lying) == "bad_signature"


async def test_bcp_5_a_key_without_alg_verifies_under_both_names_of_ed25519() -> None:
    """RFC 8037's ``EdDSA`` and RFC 9864's ``Ed25519``; a JWK that names one of them takes that one."""
    key = SigningKey.generate("Ed25519", kid="k")
    tokens = {alg: FAKE.token(key=key, header={"alg": alg}) for alg in ("EdDSA", "Ed25519")}
    for named in (None, "EdDSA", "Ed25519"):
        jwk = {**key.jwk(), "alg": named} if named else {n: v for n, v in key.jwk().items() if n != "alg"}
        for alg, raw in tokens.items():
            found = await outcome(verifier(jwks={"keys": [jwk]}), raw)
            assert (found == "unknown_key") if named not in (None, alg) else isinstance(found, VerifiedToken)


async def test_eddsa_never_stands_for_ed448() -> None:
    """Not even where ``Ed448`` is allowed: the algorithm has just its own name."""
    key = SigningKey.generate("Ed448", kid="k")
    jwk = {name: value for name, value in key.jwk().items() if name != "alg"}
    opted_in = verifier(algorithms=EVERY, jwks={"keys": [jwk]})
    assert isinstance(await outcome(opted_in, FAKE.token(key=key)), VerifiedToken)
    assert await outcome(opted_in, FAKE.token(key=key, header={"alg": "EdDSA"})) == "unknown_key"
