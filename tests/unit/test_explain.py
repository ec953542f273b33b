"""Explanations: the first step that fails, what was expected and found, and what is usually behind it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from jwks_auth import Issuer, Tenants, TokenVerifier
from jwks_auth.testing import FakeIssuer
from jwks_auth.verifier.explain import Explanation
from tests.attacks import forge

VERIFIER = TokenVerifier(Issuer(forge.ISSUER, jwks=forge.KEY_SET), forge.AUDIENCE)


def claims(**changes: Any) -> str:
    """A good token but for its claims."""
    return forge.token(payload=forge.claims(**changes))


def test_a_good_token_passes_every_step() -> None:
    """Values are shown: this is for the developer's eyes."""
    explanation = VERIFIER.explain(claims(email="a@b.example"))
    assert explanation.failed is None
    assert explanation.hint is None
    assert [step.name for step in explanation.steps] == [
        *("form", "payload", "issuer", "algorithm", "type", "key", "signature", "claims", "audience"),
        *("scopes", "roles", "permissions"),
        "the service's own checks",
    ]
    assert "a@b.example" in str(explanation)
    assert "refused" not in str(explanation)


def now() -> int:
    """Seconds since 1970."""
    return int(time.time())


CASES: dict[str, tuple[Callable[[], Any], str, str, str]] = {
    "nothing": (lambda: " \n", "form", "malformed", "no token"),
    "quoted": (lambda: f'"{claims()}"', "form", "malformed", "quotes"),
    "opaque": (lambda: "2YotnFZFEjr1zCsicMWpAA", "form", "malformed", "opaque token"),
    "encrypted": (lambda: "a.b.c.d.e", "form", "malformed", "encrypted"),
    "json": (lambda: '{"payload": "x"}', "form", "malformed", "compact form"),
    "with_bearer": (lambda: "Bearer " + claims(), "form", "malformed", "without the word Bearer"),
    "padded": (lambda: claims() + "=", "form", "malformed", "padding"),
    "no_text": (lambda: None, "form", "malformed", "as str"),
    "broken": (lambda: "a.b.c", "form", "malformed", ""),
    "payload": (lambda: forge.token(payload="[]"), "payload", "malformed", ""),
    "issuer_missing": (lambda: claims(iss=...), "issuer", "missing_claim", ""),
    "issuer_other": (lambda: claims(iss="https://x.example"), "issuer", "wrong_issuer", ""),
    "issuer_slash": (lambda: claims(iss="https://id.example"), "issuer", "wrong_issuer", "trailing slash"),
    "issuer_case": (lambda: claims(iss="https://ID.example/"), "issuer", "wrong_issuer", "upper and lower"),
    "algorithm": (lambda: forge.token(forge.header(alg="none")), "algorithm", "algorithm_not_allowed", ""),
    "shared_secret": (
        lambda: forge.token(forge.header(alg="HS256")), "algorithm", "algorithm_not_allowed", "key pair"
    ),
    "to_be_named": (
        lambda: forge.token(forge.header(alg="ES256K")), "algorithm", "algorithm_not_allowed", "where algorithms names"
    ),
    "type": (lambda: forge.token(forge.header(typ="logout+jwt")), "type", "wrong_type", ""),
    "type_of_id_token": (
        lambda: forge.token(forge.header(typ="x"), forge.claims(nonce="n")), "type", "wrong_type", "ID token"
    ),
    "no_kid": (lambda: forge.token(forge.header(alg="RS512", kid=...)), "key", "unknown_key", "names no kid"),
    "kid_for_another_alg": (lambda: forge.token(forge.header(alg="RS512")), "key", "unknown_key", "not for RS512"),
    "unknown_kid": (lambda: forge.token(forge.header(kid="k")), "key", "unknown_key", "'k' is not in the set"),
    "signature": (lambda: forge.token(key=forge.ATTACKER_KEY), "signature", "bad_signature", "changed after"),
    "expired": (lambda: claims(exp=5, iat=1), "claims", "expired", "get a new token"),
    "expired_at_once": (lambda: claims(exp=now() - 100, iat=now() - 200), "claims", "expired", "NTP"),
    "ahead": (lambda: claims(nbf=now() + 1000), "claims", "not_yet_valid", "NTP"),
    "milliseconds": (lambda: claims(exp=now() * 1000), "claims", "invalid_claim", "milliseconds"),
    "exp_missing": (lambda: claims(exp=...), "claims", "missing_claim", "lacks exp"),
    "claim_type": (lambda: claims(sub=1), "claims", "invalid_claim", "sub is a number, expected a string"),
    "id_token": (lambda: claims(at_hash="x"), "claims", "wrong_type", "ID token"),
    "bound": (lambda: claims(cnf={}), "binding", "bound_token", "DPoP"),
    "audience": (lambda: claims(aud="other"), "audience", "wrong_audience", "another API"),
    "audience_missing": (lambda: claims(aud=...), "audience", "wrong_audience", "names no audience"),
    "audience_client": (lambda: claims(aud="web", azp="web"), "audience", "wrong_audience", "client's id"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_first_failing_step_is_named(name: str) -> None:
    """With the code that ``verify`` raises, and the hint for a usual mistake."""
    make, step, code, hint = CASES[name]
    explanation = VERIFIER.explain(make())
    assert explanation.failed is not None
    assert (explanation.failed.name, explanation.failed.code) == (step, code)
    assert hint in (explanation.hint or "")
    assert bool(hint) == (explanation.hint is not None)
    assert str(explanation).startswith(("ok", "FAIL"))
    assert f"refused: {code}" in str(explanation)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"client_id": "x", "tid": "t"}, "issued to client 'x'"),
        ({"client_id": "web"}, "lacks tid;"),
        ({"client_id": "web", "tid": "t", "azp": "other"}, "issued to client 'web' and azp 'other'; if"),
        ({"client_id": "web", "tid": None}, "lacks tid;"),
    ],
)
def test_what_is_asked_of_an_issuers_tokens_is_hinted_at(given: dict[str, Any], hint: str) -> None:
    """Its clients, and the claims that it has to send; null is none."""
    issuer = Issuer(forge.ISSUER, jwks=forge.KEY_SET, allowed_clients=["web"], required_claims=["tid"])
    assert hint in str(TokenVerifier(issuer, forge.AUDIENCE).explain(claims(**given)).hint)


def test_entras_two_issuers_are_told_apart() -> None:
    """v1 tokens where v2 is configured."""
    tenant = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
    verifier = TokenVerifier(f"https://login.microsoftonline.com/{tenant}/v2.0", "api")
    explanation = verifier.explain(claims(iss=f"https://sts.windows.net/{tenant}/"))
    assert "requestedAccessTokenVersion" in (explanation.hint or "")


def test_the_age_of_the_set_is_told() -> None:
    """A kid that is missing from a set fetched a moment ago."""
    with FakeIssuer.serve() as issuer:
        verifier = TokenVerifier(Issuer(issuer.issuer), "api")
        verifier.verify(issuer.token())
        explanation = verifier.explain(issuer.token(header={"kid": "gone"}))
    assert explanation.failed is not None
    assert explanation.failed.code == "unknown_key"
    assert "is not in the set fetched 0 s ago" in (explanation.hint or "")


def test_keys_that_cannot_be_had_are_told() -> None:
    """The step is the key, the code is not the token's."""

    def fail() -> Any:
        raise OSError

    verifier = TokenVerifier(Issuer(forge.ISSUER, jwks=fail), forge.AUDIENCE)
    explanation = verifier.explain(claims())
    assert explanation.failed is not None
    assert explanation.failed.code == "key_source_unavailable"
    assert "still to be fetched" in explanation.failed.expected
    assert "OSError()" in (explanation.hint or "")


def test_why_keys_cannot_be_had_is_told() -> None:
    """The failure itself, never that the token were of another environment."""
    with FakeIssuer.serve() as issuer:
        issuer.outage()
        explanation = TokenVerifier(Issuer(issuer.issuer), "api").explain(issuer.token())
    assert "the service failed, not the token: no metadata of the issuer: " in (explanation.hint or "")


def test_a_tenant_that_is_not_found_is_told() -> None:
    """All that can be behind it; a find that fails is another matter."""

    def fail(iss: str) -> Issuer | None:
        raise OSError

    def explained(find: Callable[[str], Issuer | None]) -> Explanation:
        return TokenVerifier([], forge.AUDIENCE, tenants=Tenants(find, hosts=["id.example"])).explain(
            claims()
        )

    assert "known to find" in (explained(lambda iss: None).hint or "")
    failing = explained(fail)
    assert failing.failed is not None
    assert failing.failed.code == "key_source_unavailable"
    assert "OSError()" in (failing.hint or "")


def test_the_rules_and_the_services_own_checks_are_told() -> None:
    """Whatever is configured shows up; a call's audience counts."""
    verifier = TokenVerifier(
        Issuer(forge.ISSUER, jwks=forge.KEY_SET),
        max_age=60,
        required_claims=["tenant"],
        allowed_clients=["web"],
        is_revoked=lambda token: True,
    )
    explanation = verifier.explain(claims(tenant="t", azp="web"), audience=forge.AUDIENCE)
    assert explanation.failed is not None
    assert (explanation.failed.name, explanation.failed.code) == ("the service's own checks", "revoked")
    rules = next(step.expected for step in explanation.steps if step.name == "claims")
    for part in ("iat at most 60 s ago", "present: exp, iat, tenant", "client: web"):
        assert part in rules


@pytest.mark.parametrize(
    ("given", "step", "code", "hint"),
    [
        ({"header": {"typ": "at+jwt"}}, "type", "wrong_type", "send the ID token"),
        ({"scope": "a"}, "claims", "wrong_type", "send the ID token"),
        ({"aud": ["web", "api"]}, "claims", "wrong_audience", "every name in aud"),
        ({"azp": "ios"}, "claims", "wrong_client", "azp is 'ios'"),
        ({"auth_time": None}, "claims", "missing_claim", "lacks auth_time"),
        ({"sub": None}, "claims", "missing_claim", "lacks sub"),
        ({"auth_time": 1}, "claims", "too_old", ""),
    ],
)
def test_a_refused_id_token_is_explained_as_one(
    given: dict[str, Any], step: str, code: str, hint: str
) -> None:
    """Where ID tokens are taken an access token is the mistake, and clients are what an audience names."""
    provider = FakeIssuer()
    issuer = Issuer(provider.issuer, jwks=provider.fetch_jwks)
    verifier = TokenVerifier(issuer, "web", profile="id_token", max_age=60, allowed_clients=["android"])
    provider.audience = "web"
    assert verifier.explain(provider.id_token()).failed is None
    explanation = verifier.explain(provider.id_token(**given))
    assert explanation.failed is not None
    assert (explanation.failed.name, explanation.failed.code) == (step, code)
    assert hint in (explanation.hint or "")
    if step == "claims":
        assert "aud: nothing but web" in explanation.failed.expected
        assert "auth_time at most 60 s ago" in explanation.failed.expected
