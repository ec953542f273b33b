"""``IDTokenVerifier``: one client's sign-ins, and no API's calls. OpenID Connect's examples are in tests/vectors."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import urlsafe_b64encode
from functools import partial
from typing import Any

import pytest

from jwks_auth import (
    ANY_AUDIENCE,
    ConfigurationError,
    IDTokenVerifier,
    InvalidTokenError,
    Issuer,
    KeySourceError,
    TokenVerifier,
)
from jwks_auth.adapters import Authenticator, RawToken, Settings
from jwks_auth.jose import DEFAULT_ALGORITHMS, half_hash
from jwks_auth.testing import FakeIssuer
from tests.seams.captured import leaks, trace

SECRET = "a-secret-that-is-long-enough-to-be-found-in-a-report"


@pytest.fixture
def provider() -> FakeIssuer:
    """A provider whose tokens are for one client."""
    made = FakeIssuer()
    made.audience = "web"
    return made


def issuer_of(provider: FakeIssuer, **options: Any) -> Issuer:
    """The provider, as a program names it."""
    return Issuer(provider.issuer, jwks=provider.fetch_jwks, **options)


def code_of(verifier: IDTokenVerifier, raw: str, **beside: Any) -> str | None:
    """The code of the refusal, sync and async alike."""

    def refused(call: Any) -> str | None:
        try:
            call()
        except InvalidTokenError as error:
            return error.code
        return None

    codes = {
        refused(lambda: verifier.verify(raw, **beside)),
        refused(lambda: asyncio.run(verifier.averify(raw, **beside))),
    }
    [code] = codes
    return code


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({}, None),
        ({"aud": ["web"]}, None),
        ({"azp": "web"}, None),
        ({"aud": "other"}, "wrong_audience"),
        ({"aud": ["web", "other"]}, "wrong_audience"),
        ({"azp": "other"}, "wrong_client"),
        ({"iss": "https://other.example/"}, "wrong_issuer"),
        ({"sub": None}, "missing_claim"),
        ({"iat": None}, "missing_claim"),
        ({"scope": "a"}, "wrong_type"),
        ({"header": {"typ": "at+jwt"}}, "wrong_type"),
        ({"client_id": "web"}, "wrong_type"),
        ({"expires_in": -31}, "expired"),
        ({"expires_in": -20}, None),
        ({"cnf": {"jkt": "x"}}, None),
    ],
)
def test_an_id_token_is_judged(provider: FakeIssuer, claims: dict[str, Any], code: str | None) -> None:
    """OpenID Connect Core 3.1.3.7; a binding (``cnf``) is for whoever is called with the token."""
    assert code_of(IDTokenVerifier(issuer_of(provider), "web"), provider.id_token(**claims)) == code


@pytest.mark.parametrize(
    ("claims", "beside", "code"),
    [
        ({"nonce": "n"}, {}, None),
        ({}, {"nonce": "n"}, "missing_claim"),
        ({"nonce": ""}, {"nonce": ""}, "missing_claim"),
        ({"nonce": 1}, {"nonce": "1"}, "invalid_claim"),
        ({"nonce": "n"}, {"nonce": "N"}, "wrong_nonce"),
        ({"nonce": "\u00e9"}, {"nonce": "\u00e9"}, None),
        ({"nonce": "n"}, {"nonce": "\ud800"}, "wrong_nonce"),
        ({"access_token": SECRET}, {"access_token": SECRET}, None),
        ({"access_token": SECRET}, {}, None),
        ({}, {"access_token": SECRET}, "missing_claim"),
        ({"access_token": SECRET}, {"access_token": "other"}, "wrong_hash"),
        ({"at_hash": ""}, {"access_token": ""}, "missing_claim"),
        ({"at_hash": ["x"]}, {"access_token": SECRET}, "invalid_claim"),
        ({"code": SECRET}, {"code": SECRET}, None),
        ({"code": SECRET}, {"access_token": SECRET}, "missing_claim"),
        ({"code": SECRET}, {"code": "other"}, "wrong_hash"),
        ({"access_token": SECRET}, {"access_token": RawToken(SECRET)}, None),
    ],
)
def test_what_came_beside_an_id_token_has_to_fit(
    provider: FakeIssuer, claims: dict[str, Any], beside: dict[str, Any], code: str | None
) -> None:
    """Given: it must be there and right; not given: nobody looks."""
    assert code_of(IDTokenVerifier(issuer_of(provider), "web"), provider.id_token(**claims), **beside) == code


@pytest.mark.parametrize("alg", DEFAULT_ALGORITHMS)
def test_the_hash_is_that_of_the_signature(alg: str) -> None:
    """SHA-256, 384 or 512, as the algorithm's own; SHA-512 for Ed25519."""
    provider = FakeIssuer(algorithms=[alg])
    provider.audience = "web"
    sizes = {"256": 256, "384": 384, "512": 512}
    digest = hashlib.new(f"sha{sizes.get(alg[-3:], 512)}", SECRET.encode()).digest()
    right = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    verifier = IDTokenVerifier(issuer_of(provider), "web")
    assert code_of(verifier, provider.id_token(at_hash=right), access_token=SECRET) is None
    assert code_of(verifier, provider.id_token(at_hash=right[:-2]), access_token=SECRET) == "wrong_hash"
    assert provider.id_token(access_token=SECRET)


def test_ed448_has_a_hash_and_an_unknown_algorithm_none() -> None:
    """SHAKE256 of 114 octets; where no standard says which, nothing is right."""
    digest = hashlib.shake_256(SECRET.encode()).digest(114)
    assert half_hash(SECRET, "Ed448") == urlsafe_b64encode(digest[:57]).rstrip(b"=").decode()
    assert half_hash(SECRET, "ML-DSA-44") == ""
    assert half_hash(None, "RS256") is None


def test_the_sign_in_may_be_no_older_than_asked(provider: FakeIssuer) -> None:
    """``max_age`` counts from ``auth_time``, which must be there then; the token's own age doesn't count."""
    verifier = IDTokenVerifier(issuer_of(provider), "web", max_age=60, leeway=0, clock=lambda: 1000.0)

    def at(auth_time: Any, iat: int = 1000) -> str | None:
        return code_of(verifier, provider.id_token(auth_time=auth_time, iat=iat, exp=2000))

    assert [at(940), at(939), at(None), at(1001), at(1000, iat=0)] == [
        None,
        "too_old",
        "missing_claim",
        "not_yet_valid",
        None,
    ]


def test_the_issuer_s_rules_for_access_tokens_are_not_its_rules_for_id_tokens(provider: FakeIssuer) -> None:
    """One issuer object serves an API and a sign-in, and its keys are shared; its algorithms hold for both."""
    issuer = issuer_of(
        provider,
        audience=ANY_AUDIENCE,
        profile="rfc9068",
        allowed_clients=["other"],
        required_claims=["tenant"],
    )
    login = IDTokenVerifier(issuer, "web")
    assert code_of(login, provider.id_token()) is None
    assert login.verify(provider.id_token()).issuer == provider.issuer
    with pytest.raises(InvalidTokenError):
        TokenVerifier(issuer).verify(provider.id_token(tenant="t", azp="other"))
    narrow = issuer_of(provider, algorithms=["ES256"])
    assert code_of(IDTokenVerifier(narrow, "web"), provider.id_token()) == "algorithm_not_allowed"
    assert code_of(IDTokenVerifier(narrow, "web", algorithms=["RS256"]), provider.id_token()) is None


def test_keys_that_are_away_are_no_fault_of_the_token(provider: FakeIssuer) -> None:
    """The family of errors is the same as for access tokens."""
    verifier = IDTokenVerifier(issuer_of(provider), "web")
    provider.outage()
    with pytest.raises(KeySourceError):
        verifier.verify(provider.id_token())
    with pytest.raises(KeySourceError):
        asyncio.run(verifier.averify(provider.id_token()))


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        ((None, "web"), {}, "issuer: found a NoneType"),
        (("https://issuer.example/", ["web"]), {}, "client_id: found"),
        (("https://issuer.example/", ""), {}, "client_id: found"),
        (("https://issuer.example/", None), {}, "client_id: found"),
        (("https://issuer.example/", "web"), {"algorithms": ["HS256"]}, "HS256"),
        (("https://issuer.example/", "web"), {"algorithms": []}, "algorithms"),
        (("https://issuer.example/", "web"), {"leeway": -1}, "leeway: found"),
        (("https://issuer.example/", "web"), {"leeway": "30"}, "leeway: found '30'"),
        (("https://issuer.example/", "web"), {"max_age": "1 h"}, "max_age: found '1 h'"),
        (("https://issuer.example/", "web"), {"max_age": True}, "max_age: found"),
        (("http://issuer.example/", "web"), {}, "http"),
    ],
)
def test_what_can_t_work_is_told_at_construction(
    arguments: tuple[Any, ...], options: dict[str, Any], text: str
) -> None:
    """By the argument's name."""
    with pytest.raises(ConfigurationError, match=text):
        IDTokenVerifier(*arguments, **options)


def test_it_is_no_verifier_of_an_api_s(provider: FakeIssuer) -> None:
    """It stands nowhere where access tokens are taken."""
    login: Any = IDTokenVerifier(issuer_of(provider), "web")
    for make in (
        lambda: Authenticator(login),
        lambda: Authenticator(provider.settings(), verifier=login),
        lambda: Settings.from_mapping({"VERIFIER": login}),
        lambda: TokenVerifier([login], "web"),
    ):
        with pytest.raises(ConfigurationError):
            make()


@pytest.mark.parametrize("asynchronous", [False, True])
def test_no_report_of_a_refusal_holds_what_was_sent(provider: FakeIssuer, asynchronous: bool) -> None:
    """Neither the ID token nor the code nor the access token, whichever is wrong."""
    verifier = IDTokenVerifier(issuer_of(provider), "web")
    code = SECRET[::-1]
    good = provider.id_token(access_token=SECRET, code=code, nonce="n")
    for raw, beside in (
        (good, {"access_token": SECRET + "x", "code": code}),
        (good, {"access_token": SECRET, "code": code + "x"}),
        (good, {"access_token": SECRET, "code": code, "nonce": "other"}),
        (provider.id_token(aud="other"), {"access_token": SECRET, "code": code}),
        (provider.token(aud="web"), {"access_token": SECRET, "code": code}),
    ):
        call: partial[Any] = partial(verifier.verify, raw, **beside)
        if asynchronous:
            call = partial(asyncio.run, verifier.averify(raw, **beside))
        with pytest.raises(InvalidTokenError) as refused:
            call()
        told = trace(refused.value)
        assert leaks(told, raw) == []
        assert SECRET[:24] not in told
        assert code[:24] not in told
