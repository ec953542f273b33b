"""The order in which a proof is judged: of two faults the one is told that comes first, and nothing is used up."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest

from jwks_auth.testing import SigningKey
from tests.unit.test_dpop import SECRET, URL, FakeStore, Service

THIEF = SigningKey.generate("ES256")

Change = Callable[[Service], dict[str, Any]]
ORDER: dict[str, tuple[Change, str]] = {
    "typ": (lambda s: {"header": {"typ": "JWT"}}, "malformed_proof"),
    "alg": (lambda s: {"header": {"alg": "HS256"}}, "proof_algorithm"),
    "key": (lambda s: {"header": {"jwk": THIEF.public_members()}}, "proof_key"),
    "signature": (lambda s: {"key": THIEF}, "proof_signature"),
    "jti": (lambda s: {"jti": ""}, "malformed_proof"),
    "htm": (lambda s: {"htm": "POST"}, "proof_method"),
    "htu": (lambda s: {"htu": "https://evil.example/"}, "proof_url"),
    "iat": (lambda s: {"iat": s.clock.now - 90}, "proof_time"),
    "ath": (lambda s: {"ath": "x" * 43}, "proof_token"),
    "exp": (lambda s: {"exp": s.clock.now - 90}, "proof_time"),
    "nbf": (lambda s: {"nbf": s.clock.now + 90}, "proof_time"),
    "nonce": (lambda s: {"nonce": "x"}, "use_dpop_nonce"),
}
"""Faults in the order of the checks."""


@pytest.fixture
def service() -> Service:
    """A service that asks for nonces, and counts what its store is asked."""
    made = Service(DPOP_NONCE="require", DPOP_SECRET=SECRET)
    made.client.nonce = made.answer(made.proving()).fields["DPoP-Nonce"]
    made.store = FakeStore()  # type: ignore[attr-defined]
    made.auth = made.another(DPOP_REPLAY=made.store)  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize(("first", "second"), list(combinations(ORDER, 2)), ids="-".join)
def test_of_two_faults_the_first_is_told(service: Service, first: str, second: str) -> None:
    """And the store hears of neither."""
    one, other = ORDER[first][0](service), ORDER[second][0](service)
    header = {**other.get("header", {}), **one.get("header", {})}
    changes = {**other, **one, **({"header": header} if header else {})}
    assert service.code(service.proving(**changes)) == ORDER[first][1]
    assert service.store.asked == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("fault", ORDER)
def test_no_proof_is_looked_at_before_its_token_is_good(service: Service, fault: str) -> None:
    """An expired token, one for another audience, and one with another signature: the token's fault is told."""
    change = ORDER[fault][0](service)
    key = SigningKey(service.issuer.kid, "RS256", SigningKey.generate("RS256").private)
    for claims, code in (
        ({"expires_in": -90}, "expired"),
        ({"aud": "x"}, "wrong_audience"),
        ({"key": key}, "bad_signature"),
    ):
        assert service.code(service.proving(service.client.token(**claims), **change)) == code
    assert service.store.asked == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("fault", ORDER)
def test_two_proofs_and_long_ones_are_not_read(service: Service, fault: str) -> None:
    """Whatever is in them."""
    token, change = service.client.token(), ORDER[fault][0](service)
    proof = service.client.proof("GET", URL, token, **change)
    authorization = ("Authorization", f"DPoP {token}")
    for proofs, code in (([proof, proof], "multiple_proofs"), ([proof + "A" * 8192], "malformed_proof"),
                         ([], "missing_proof")):  # fmt: skip
        headers = [authorization, *(("DPoP", each) for each in proofs)]
        assert service.code(service.request(headers)) == code


def test_a_good_one_is_asked_for_last(service: Service) -> None:
    """A control; used again, it is a replay."""
    credentials = service.proving()
    assert service.code(credentials) is None
    assert len(service.store.asked) == 1  # type: ignore[attr-defined]
